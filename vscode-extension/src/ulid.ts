// Names for drafts, made where they begin.
// May not know what they name.
import { randomBytes } from 'node:crypto';

/** 48 bits of time and 80 of chance, in Crockford's letters. */
export function ulid(): string {
  const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  const time = Buffer.alloc(6);
  time.writeUIntBE(Date.now(), 0, 6);
  let bits = BigInt(`0x${Buffer.concat([time, randomBytes(10)]).toString('hex')}`);
  let text = '';
  for (let i = 0; i < 26; i += 1) {
    text = `${letters.charAt(Number(bits & 31n))}${text}`;
    bits >>= 5n;
  }
  return text;
}
