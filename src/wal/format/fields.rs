//! Little-endian fields, one after another.

/// Copies `field` to `at` and moves `at` past it. The layouts above are shorter than their arrays.
pub(in crate::wal) fn put(out: &mut [u8], at: &mut usize, field: &[u8]) {
    if let Some(room) = out.get_mut(*at..*at + field.len()) {
        room.copy_from_slice(field);
    }
    *at += field.len();
}

/// Fields read one after another from bytes whose length was checked.
pub(in crate::wal) struct Fields<'a>(pub(in crate::wal) &'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((field, rest)) = self.0.split_first_chunk::<N>() else { return [0; N] };
        self.0 = rest;
        *field
    }

    pub(in crate::wal) fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }

    pub(in crate::wal) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    pub(in crate::wal) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub(in crate::wal) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}
