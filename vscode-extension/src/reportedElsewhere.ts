// Passes the server's diagnostics on without those that another extension shows at the same place, and looks again when the others' change.
// Which two are the same is for `duplicates.ts` to say.
import * as vscode from 'vscode';
import { kept, type Told } from './duplicates.ts';

type Show = (uri: vscode.Uri, diagnostics: vscode.Diagnostic[]) => void;

export class ReportedElsewhere implements vscode.Disposable {
  /** By address: what the server said last, and what of it is shown. */
  private readonly last = new Map<
    string,
    { said: vscode.Diagnostic[]; shown: vscode.Diagnostic[]; show: Show }
  >();
  private readonly listener: vscode.Disposable;

  constructor() {
    this.listener = vscode.languages.onDidChangeDiagnostics((event) => {
      for (const uri of event.uris) {
        this.again(uri);
      }
    });
  }

  handle(uri: vscode.Uri, said: vscode.Diagnostic[], show: Show): void {
    const key = uri.toString();
    const before = this.last.get(key)?.shown ?? [];
    const shown = kept(said, this.others(uri, before), told);
    if (said.length === 0) {
      this.last.delete(key);
    } else {
      this.last.set(key, { said, shown, show });
    }
    show(uri, shown);
  }

  dispose(): void {
    this.listener.dispose();
    this.last.clear();
  }

  private again(uri: vscode.Uri): void {
    const known = this.last.get(uri.toString());
    if (!known) {
      return;
    }
    const shown = kept(known.said, this.others(uri, known.shown), told);
    if (shown.length !== known.shown.length || shown.some((one, at) => one !== known.shown[at])) {
      known.shown = shown;
      known.show(uri, shown);
    }
  }

  /** What is shown of a file and was not said by the server. */
  private others(uri: vscode.Uri, ours: readonly vscode.Diagnostic[]): vscode.Diagnostic[] {
    const mine = new Set(ours.map(identity));
    return vscode.languages.getDiagnostics(uri).filter((one) => !mine.has(identity(one)));
  }
}

function told(one: vscode.Diagnostic): Told {
  const code = typeof one.code === 'object' ? one.code.value : one.code;
  const { line, character } = one.range.start;
  return { line, character, source: one.source ?? '', code: String(code ?? ''), message: one.message };
}

/** Ours have links of their own, so what another extension says in the same words is another. */
function identity(one: vscode.Diagnostic): string {
  const target = typeof one.code === 'object' ? one.code.target.toString() : '';
  const { range } = one;
  return JSON.stringify([told(one), range.end.line, range.end.character, target]);
}
