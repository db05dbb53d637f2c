// The texts of the comparison, written for it: a large file with many conflicts, and markers that are hard to read with what
// each choice has to leave of them.

/** `lines` lines of Rust with `conflicts` conflicts, evenly spread. */
export function large(lines, conflicts) {
  const every = Math.floor(lines / conflicts);
  const out = [];
  for (let n = 0; n < conflicts; n += 1) {
    out.push('<<<<<<< HEAD', `const A${n}: u32 = 1;`, '=======', `const A${n}: u32 = 2;`, '>>>>>>> feature');
    while (out.length < (n + 1) * every) out.push(`fn f${out.length}() {} // note`);
  }
  return `${out.join('\n')}\n`;
}

const around = (conflict, eol = '\n') => ['above', ...conflict, 'below', ''].join(eol);
const plain = ['<<<<<<< HEAD', 'ours', '=======', 'theirs', '>>>>>>> b'];
const leaves = (ours, theirs, both, eol = '\n') => ({
  current: around(ours, eol),
  incoming: around(theirs, eol),
  both: around(both ?? [...ours, ...theirs], eol),
});

export const hard = [
  { name: 'style merge', text: around(plain), wanted: leaves(['ours'], ['theirs']) },
  { name: 'CRLF', text: around(plain, '\r\n'), wanted: leaves(['ours'], ['theirs'], undefined, '\r\n') },
  {
    name: 'style diff3',
    text: around(['<<<<<<< HEAD', 'ours', '||||||| base', 'old', '=======', 'theirs', '>>>>>>> b']),
    wanted: leaves(['ours'], ['theirs']),
  },
  {
    name: 'style zdiff3, a side empty',
    text: around(['same', '<<<<<<< HEAD', '||||||| base', 'old', '=======', 'theirs', '>>>>>>> b']),
    wanted: leaves(['same'], ['same', 'theirs'], ['same', 'theirs']),
  },
  {
    name: 'a side that is one empty line',
    text: around(['<<<<<<< HEAD', '', '=======', 'theirs', '>>>>>>> b']),
    wanted: leaves([''], ['theirs']),
  },
  {
    name: 'no newline at the end',
    text: ['above', ...plain].join('\n'),
    wanted: { current: 'above\nours\n', incoming: 'above\ntheirs\n', both: 'above\nours\ntheirs\n' },
  },
  {
    name: 'markers of 11 signs, diff3',
    text: around([
      '<<<<<<<<<<< HEAD',
      'ours',
      '||||||||||| base',
      'old',
      '===========',
      'theirs',
      '>>>>>>>>>>> b',
    ]),
    wanted: leaves(['ours'], ['theirs']),
  },
  {
    name: 'ancestors that are merged themselves: a conflict of longer markers inside',
    text: around([
      '<<<<<<< HEAD',
      'ours',
      '||||||| merged common ancestors',
      '<<<<<<<<< Temporary merge branch 1',
      'one',
      '=========',
      'two',
      '>>>>>>>>> Temporary merge branch 2',
      '=======',
      'theirs',
      '>>>>>>> b',
    ]),
    wanted: leaves(['ours'], ['theirs']),
  },
  {
    name: 'an opening marker without an end, and a whole conflict after it',
    text: ['<<<<<<< half', 'typed', ...plain, ''].join('\n'),
    wanted: { current: '<<<<<<< half\ntyped\nours\n', incoming: '<<<<<<< half\ntyped\ntheirs\n' },
  },
  {
    name: 'a heading of seven signs in a side with markers of eight',
    text: around(['<<<<<<<< HEAD', 'Title', '=======', '========', 'theirs', '>>>>>>>> b']),
    wanted: leaves(['Title', '======='], ['theirs']),
  },
];
