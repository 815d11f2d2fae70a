import postgres from './postgres.js';

export const { PostgresBridge } = postgres;
