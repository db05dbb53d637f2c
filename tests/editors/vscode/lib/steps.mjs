// Runs steps one after another, counts them, and keeps what is needed to understand the one that failed.
// May not go on after a failure: each step stands on the one before.

export class Steps {
  passed = 0;
  failed = 0;
  constructor(onFailure) {
    this.onFailure = onFailure;
  }

  async step(sentence, work) {
    const begun = Date.now();
    try {
      const result = await work();
      this.passed += 1;
      console.log(`ok      ${sentence} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
      return result;
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED  ${sentence}\n        ${error.message.split('\n').join('\n        ')}`);
      await this.onFailure(sentence);
      throw new Abandoned();
    }
  }
}

/** A scenario ends here; what went wrong has been told. */
export class Abandoned extends Error {}

export function expect(condition, message) {
  if (!condition) throw new Error(message);
}

export function expectText(text, ...needles) {
  for (const needle of needles) {
    const found = needle instanceof RegExp ? needle.test(text) : text.includes(needle);
    expect(found, `${needle} is not in:\n${text}`);
  }
}
