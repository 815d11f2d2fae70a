// Stands between a node and the server, and breaks what goes through it.

import { once } from 'node:events';
import net from 'node:net';

export class CuttingProxy {
  #server;
  #target;
  #sockets = new Set();
  #refuses = false;

  static async start(target) {
    const proxy = new CuttingProxy();
    proxy.#target = target;
    proxy.#server = net.createServer((socket) => proxy.#join(socket)).listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port() {
    return this.#server.address().port;
  }

  #join(socket) {
    if (this.#refuses) {
      socket.destroy();
      return;
    }
    const server = net.connect(this.#target, '127.0.0.1');
    for (const [one, other] of [
      [socket, server],
      [server, socket],
    ]) {
      this.#sockets.add(one);
      one.on('error', () => one.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    socket.pipe(server);
    server.pipe(socket);
  }

  /** Breaks all connections, with whatever is on its way. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Breaks all connections and takes no new ones. */
  refuse() {
    this.#refuses = true;
    this.cut();
  }

  accept() {
    this.#refuses = false;
  }

  stop() {
    this.cut();
    this.#server.close();
  }
}
