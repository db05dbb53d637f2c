// The commands about explanations. May not do anything themselves.
import * as vscode from 'vscode';
import { complain } from './commands.ts';
import type { Explanations } from './explain.ts';

export function registerExplainCommands(
  explanations: Explanations,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const register = (name: string, run: (given: unknown) => Promise<void>) =>
    vscode.commands.registerCommand(name, async (given: unknown) => {
      try {
        await run(given);
      } catch (error) {
        void complain(error, log);
      }
    });
  return vscode.Disposable.from(
    register('holdover.explainSelection', () => explanations.explainSelection()),
    register('holdover.explainOther', () => explanations.explainOther()),
    register('holdover.askFurther', () => explanations.askFurther()),
    register('holdover.judgeExplanation', () => explanations.judge()),
    register('holdover.stopExplanation', () => explanations.stop()),
    // From a code action, which hands its fields.
    register('holdover.showExplanation', (given) =>
      typeof given === 'object' && given !== null && 'file' in given
        ? explanations.explain(given as { file: string })
        : explanations.explainSelection(),
    ),
  );
}
