// When a server that died is started again.
import assert from 'node:assert/strict';
import test from 'node:test';
import { MOST_RESTARTS, RestartBudget, WINDOW_MS } from '../src/backoff.ts';

test('each pause is longer than the one before, until it is enough', () => {
  const budget = new RestartBudget();
  const delays = Array.from({ length: MOST_RESTARTS }, (_, death) => budget.next(death * 1000));
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000]);
  assert.equal(budget.next(10_000), undefined);
});

test('deaths that are long past do not count', () => {
  const budget = new RestartBudget();
  for (let death = 0; death < MOST_RESTARTS; death += 1) {
    budget.next(death);
  }
  assert.equal(budget.next(WINDOW_MS + 10), 500);
});

test('a start that the user asked for forgets them', () => {
  const budget = new RestartBudget();
  for (let death = 0; death <= MOST_RESTARTS; death += 1) {
    budget.next(death);
  }
  budget.forget();
  assert.equal(budget.next(10), 500);
});
