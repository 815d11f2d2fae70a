'use strict';

const { isOf, markClass } = require('../types/copies.js');
const { invalidArgument } = require('../types/error.js');
const { checkBoolean, checkNames } = require('./check.js');

/** What a Client is, where it keeps its state, and the options of the other packages of the family. */
class ClientOptions {
  constructor() {
    this.nodeId = '';
    this.displayName = '';
    this.version = '';
    this.enableWal = false;
    this.walPath = '';
    this.autoFlush = true;
    this.enableTransport = false;
    this.transportHost = '127.0.0.1';
    this.transportPort = 4041;
    this.enableDiscovery = false;
    this.discoveryHost = '127.0.0.1';
    this.discoveryPort = 5051;
    this.discoveryBroadcastHost = '127.0.0.1';
    this.discoveryBroadcastPort = 5052;
  }

  static local(nodeId) {
    const options = new ClientOptions();
    options.nodeId = nodeId;
    return options;
  }

  static memoryOnly(nodeId) {
    return ClientOptions.local(nodeId);
  }

  static persistent(nodeId, walPath) {
    const options = ClientOptions.local(nodeId);
    options.enableWal = true;
    options.walPath = walPath;
    return options;
  }
}

markClass(ClientOptions, 'ClientOptions');

const DEFAULTS = new ClientOptions();
const FIELDS = Object.keys(DEFAULTS);
const PORTS = FIELDS.filter((name) => name.endsWith('Port'));

/** Throws unless `options` can open a client. The options of transport and discovery are checked for their type alone. */
function checkClientOptions(options) {
  if (!isOf(options, 'ClientOptions')) {
    throw invalidArgument(
      'a Client needs ClientOptions: ClientOptions.local(nodeId), ClientOptions.persistent(nodeId, walPath) or ClientOptions.memoryOnly(nodeId)',
    );
  }
  checkNames(options, FIELDS, 'ClientOptions');
  if (options.nodeId === '') {
    throw invalidArgument('invalid node id: node id is empty', 'nodeId');
  }
  for (const name of FIELDS) {
    if (typeof DEFAULTS[name] === 'boolean') {
      checkBoolean(options[name], name);
    } else if (typeof options[name] !== typeof DEFAULTS[name] && name !== 'walPath') {
      throw invalidArgument(`${name} must be a ${typeof DEFAULTS[name]}`, name);
    }
  }
  for (const name of PORTS) {
    if (!Number.isInteger(options[name]) || options[name] < 0 || options[name] > 65535) {
      throw invalidArgument(`${name} must be a port number, 0 to 65535`, name);
    }
  }
}

module.exports = { ClientOptions, checkClientOptions };
