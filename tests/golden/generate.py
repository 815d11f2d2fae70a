"""Writes the golden logs of format version 1 from docs/format.md, without the store's own code.

The files are kept; this script says how they were made. A log that opens today must open for ever,
so they are never written again, only added to: a new format version gets a new folder. Files that exist are
left alone.
"""

import struct
import zlib
from pathlib import Path

SALT = 0x1122334455667788
FOLDER = Path(__file__).parent / "v1"
PUT, DELETE = 1, 2
COMMIT, SEAL, CHECKPOINT, CONSUMERS, REMOVALS = 1, 2, 3, 4, 5
POSITIONS, EXPIRY, NODE, REMEMBERED = 0x80, 0x81, 0x82, 0x83
SYNCED, LAST = 1, 2


def payload(kind, key, value=b"", timestamp=0):
    key = key.encode()
    return (
        struct.pack("<BBI", 1, kind, len(key))
        + key
        + struct.pack("<I", len(value))
        + value
        + struct.pack("<q", timestamp)
    )


def expiring(at, put):
    return struct.pack("<Bq", EXPIRY, at) + put


def made_by(node, record):
    """The attribute comes after the other ones of the record, which are in `record` without a node."""
    at = 9 if record[0] == EXPIRY else 0
    return record[:at] + struct.pack("<BQ", NODE, node) + record[at:]


def remembered(until, removal):
    return struct.pack("<Bq", REMEMBERED, until) + removal


def positions_of(positions):
    names = [(name.encode(), at) for name, at in sorted(positions.items())]
    return [struct.pack("<H", len(name)) + name + struct.pack("<Q", at) for name, at in names]


def acknowledging(positions, record):
    table = b"".join(positions_of(positions))
    return struct.pack("<BIII", POSITIONS, len(positions), len(table), zlib.crc32(table)) + table + record


def salted(data):
    return zlib.crc32(struct.pack("<Q", SALT) + data)


class Log:
    def __init__(self, base=None):
        header = bytes([0x89]) + b"SDST\r\n\x1a"
        flags, generation = (0, 1) if base is None else (1, 2)
        header += struct.pack("<HHIQQQ", 1, 64, flags, SALT, generation, base or 0) + bytes(20)
        self.chain = zlib.crc32(header)
        self.bytes = header + struct.pack("<I", self.chain)
        self.number, self.sequence, self.durable = 1, (base or 0) + 1, 0

    def frame(self, operations, kind=COMMIT, synced=True, flags=0):
        body = b"".join(operations)
        head = b"SDFR" + struct.pack(
            "<BBHIIQQQIII",
            kind,
            flags | (SYNCED if synced else 0),
            0,
            len(body),
            len(operations),
            self.number,
            self.sequence,
            self.durable,
            self.chain,
            salted(body),
            0,
        )
        self.chain = salted(head)
        frame = head + struct.pack("<I", self.chain) + body
        self.bytes += frame + bytes(-len(frame) % 8)
        if synced:
            self.durable = self.number
        self.number += 1
        if kind == COMMIT:
            self.sequence += len(operations)
        return self

    def checkpoint(self, records, last, kind=CHECKPOINT):
        body = [struct.pack("<Q", version) + record for version, record in records]
        return self.frame(body, kind, False, LAST if last else 0)

    def consumers(self, positions, synced=True):
        return self.frame(positions_of(positions), CONSUMERS, synced)

    def seal(self, synced=True):
        self.durable = self.number - 1
        return self.frame([], SEAL, synced)


def history(log, synced=True):
    log.frame([payload(PUT, "user:1", b"Gaspard", 1700000000000)], synced=synced)
    log.frame(
        [
            payload(PUT, "user:2", b"Softadastra", 1700000000001),
            payload(PUT, "ville/\u00c9vry", "é€😀".encode(), 1700000000002),
            payload(PUT, "bytes", bytes(range(256)), -1),
            payload(PUT, "empty", b"", 1700000000004),
        ],
        synced=synced,
    )
    log.frame([payload(PUT, "user:1", b"Gaspard Kirira", 1700000000005)], synced=synced)
    log.frame([payload(DELETE, "user:2", b"", 1700000000006)], synced=synced)
    return log


def compacted():
    """The state of `history` at sequence 4, in two frames of a checkpoint, and the history behind it."""
    log = Log(base=4)
    log.checkpoint(
        [
            (4, payload(PUT, "bytes", bytes(range(256)), -1)),
            (1, payload(PUT, "user:1", b"Gaspard", 1700000000000)),
        ],
        last=False,
    )
    log.checkpoint(
        [(3, payload(PUT, "ville/\u00c9vry", "\u00e9\u20ac\U0001f600".encode(), 1700000000002))], last=True
    )
    log.frame([payload(PUT, "empty", b"", 1700000000004)], synced=False)
    log.frame([payload(PUT, "user:1", b"Gaspard Kirira", 1700000000005)], synced=False)
    log.consumers({"outbox": 4, "archive": 5}, synced=False)
    log.seal(synced=False)
    log.frame([payload(DELETE, "user:2", b"", 1700000000006)])
    log.consumers({"outbox": 6})
    return log


def attributes():
    """Entries that expire: long ago, in the year 9999, never again, and one that was removed."""
    log = Log()
    log.frame([expiring(1600000000000, payload(PUT, "past", b"1", 1500000000000))])
    log.frame(
        [
            payload(PUT, "plain", b"2", 1500000000001),
            expiring(253370764800000, payload(PUT, "future", b"3", 1500000000002)),
            expiring(1600000000000, payload(PUT, "kept", b"4", 1500000000003)),
        ]
    )
    log.frame([payload(PUT, "kept", b"5", 1500000000004)])
    log.frame([expiring(253370764800000, payload(PUT, "gone", b"6", 1500000000005))])
    log.frame([payload(DELETE, "gone", b"", 1500000000006)])
    return log


def attributes_compacted():
    """The state of `attributes` at sequence 5, and the history after that."""
    log = Log(base=5)
    log.checkpoint(
        [
            (3, expiring(253370764800000, payload(PUT, "future", b"3", 1500000000002))),
            (5, payload(PUT, "kept", b"5", 1500000000004)),
            (1, expiring(1600000000000, payload(PUT, "past", b"1", 1500000000000))),
            (2, payload(PUT, "plain", b"2", 1500000000001)),
        ],
        last=True,
    )
    log.frame([expiring(253370764800000, payload(PUT, "gone", b"6", 1500000000005))], synced=False)
    log.frame([payload(DELETE, "gone", b"", 1500000000006)], synced=False)
    return log.seal(synced=False)


def positions():
    """Batches that came with the positions of consumers, one of them with an entry that expires."""
    log = Log()
    log.frame([payload(PUT, "a", b"1", 1500000000000), payload(PUT, "b", b"2", 1500000000001)])
    log.consumers({"inbox": 0, "outbox": 1})
    log.frame(
        [
            acknowledging({"inbox": 1, "outbox": 1}, payload(DELETE, "a", b"", 1500000000002)),
            payload(PUT, "c", b"3", 1500000000003),
        ]
    )
    expires = struct.pack("<Bq", EXPIRY, 253370764800000)
    put = payload(PUT, "d", b"4", 1500000000004)
    log.frame([acknowledging({"inbox": 4, "outbox": 1}, expires + put)])
    log.frame([payload(PUT, "e", b"5", 1500000000005)])
    return log


def nodes():
    """Entries of nodes 1, 2 and 2^53 - 1, of none, one that expires too, and a removal."""
    log = Log()
    log.frame([made_by(1, payload(PUT, "a", b"1", 1500000000000))])
    log.consumers({"inbox": 0})
    record = made_by(2, expiring(253370764800000, payload(PUT, "b", b"2", 1500000000001)))
    log.frame(
        [
            acknowledging({"inbox": 1}, record),
            made_by(2**53 - 1, payload(PUT, "c", b"3", 1500000000002)),
            payload(PUT, "d", b"4", 1500000000003),
            made_by(2, payload(DELETE, "a", b"", 1500000000004)),
        ]
    )
    return log


def nodes_compacted():
    """The state of `nodes` at sequence 3, and the history after that."""
    log = Log(base=3)
    log.checkpoint(
        [
            (1, made_by(1, payload(PUT, "a", b"1", 1500000000000))),
            (2, made_by(2, expiring(253370764800000, payload(PUT, "b", b"2", 1500000000001)))),
            (3, made_by(2**53 - 1, payload(PUT, "c", b"3", 1500000000002))),
        ],
        last=True,
    )
    log.frame([payload(PUT, "d", b"4", 1500000000003)], synced=False)
    log.frame([made_by(2, payload(DELETE, "a", b"", 1500000000004))], synced=False)
    return log.seal(synced=False)


def tombstones():
    """Removals that are remembered until the year 9999 or are over, of a node and of none; one key is written again."""
    log = Log()
    log.frame([made_by(1, payload(PUT, "a", b"1", 1500000000000)), payload(PUT, "b", b"2", 1500000000001)])
    log.frame(
        [
            made_by(2, remembered(253370764800000, payload(DELETE, "a", b"", 1500000000002))),
            remembered(253370764800000, payload(DELETE, "b", b"", 1500000000003)),
            remembered(253370764800000, payload(DELETE, "c", b"", 1500000000004)),
            remembered(1, payload(DELETE, "d", b"", 1500000000005)),
            payload(DELETE, "e", b"", 1500000000006),
        ]
    )
    log.frame([made_by(2, payload(PUT, "c", b"3", 1500000000007))])
    return log


def tombstones_compacted():
    """The state of `tombstones` at sequence 7, and the history after that."""
    log = Log(base=7)
    log.checkpoint(
        [
            (3, made_by(2, remembered(253370764800000, payload(DELETE, "a", b"", 1500000000002)))),
            (4, remembered(253370764800000, payload(DELETE, "b", b"", 1500000000003))),
            (5, remembered(253370764800000, payload(DELETE, "c", b"", 1500000000004))),
        ],
        last=True,
        kind=REMOVALS,
    )
    log.frame([made_by(2, payload(PUT, "c", b"3", 1500000000007))], synced=False)
    return log.seal(synced=False)


def write(name, data):
    if not (FOLDER / name).exists():
        (FOLDER / name).write_bytes(data)


FOLDER.mkdir(exist_ok=True)
write("empty.wal", Log().bytes)
write("sealed.wal", history(Log()).seal().bytes)
write("sealed-twice.wal", history(history(Log()).seal()).seal().bytes)
write("unsealed.wal", history(Log()).bytes + bytes(4096))
write("torn.wal", history(Log()).frame([payload(PUT, "torn", b"x" * 700)]).bytes[:-100] + bytes(600))
write("buffered.wal", history(Log(), synced=False).bytes)
write("buffered-sealed.wal", history(Log(), synced=False).seal(synced=False).bytes)
write("compacted.wal", compacted().bytes + bytes(4096))
write("compacted-empty.wal", Log(base=9).checkpoint([], last=True).seal(synced=False).bytes)
write("attributes.wal", attributes().seal().bytes)
write("attributes-compacted.wal", attributes_compacted().bytes)
write("positions.wal", positions().seal().bytes)
write("nodes.wal", nodes().seal().bytes)
write("nodes-compacted.wal", nodes_compacted().bytes)
write("tombstones.wal", tombstones().seal().bytes)
write("tombstones-compacted.wal", tombstones_compacted().bytes)
