import keyv from './keyv.js';

export const { SoftadastraKeyv } = keyv;
