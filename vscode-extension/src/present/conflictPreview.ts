// The preview of a conflict in words: its tab, and what stands behind its lines.
// May not know the editor. Why a choice may be right is the server's to say.
import type { ConflictChoice, ConflictPreview, LineOrigin } from '../contract.ts';

/** The choice that another is shown beside: the side that the server names. */
export function beside(preview: ConflictPreview, choice: ConflictChoice): ConflictChoice {
  const named = preview.choices.find(({ action }) => action === `conflict.accept-${choice.against}`);
  return named ?? choice;
}

/** `wait.txt: HEAD ↔ merged`. */
export function previewTitle(file: string, left: ConflictChoice, right: ConflictChoice): string {
  return `${file}: ${left.short} ↔ ${right.short}`;
}

/** What stands behind a line of what would be left. */
export function originNote(origin: LineOrigin, { region }: ConflictPreview): string {
  const name = (n: number, otherwise: string) => {
    const side = region.sides[n];
    return [side?.origin?.name, side?.label].find((one) => one !== undefined && one !== '') ?? otherwise;
  };
  switch (origin) {
    case 'current':
      return `from ${name(0, 'current')}`;
    case 'incoming':
      return `from ${name(1, 'incoming')}`;
    case 'both':
      return 'in both';
    case 'made':
      return 'made of both';
  }
}
