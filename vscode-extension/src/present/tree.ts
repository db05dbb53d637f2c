// One row of a tree in words, icons and places, and how a long list of rows is cut into pages.
// May not know the editor or fetch anything.

export interface Row {
  /** Stable over refreshes, unique in its tree. */
  id: string;
  label: string;
  description?: string;
  icon: string;
  /** Name of a theme colour for the icon. */
  colour?: string;
  /** What a screen reader says in place of label, description and icon. */
  spoken: string;
  /** Markdown, made when it is shown. */
  tooltip?: (now: Date) => string;
  /** What menus go by. */
  kind: string;
  children?: () => Row[] | Promise<Row[]>;
  expanded?: boolean;
  /** Where a click goes. */
  open?:
    | { file: string; line: number; utf16: number }
    | { entry: string }
    | { more: string }
    | { note: string; workspace: string }
    | { draft: string; workspace: string }
    | { record: string; workspace: string }
    | { review: string; workspace: string; path: string; oldPath: string };
  /** What commands of its menu work on. */
  subject?: Subject;
}

export interface Subject {
  workspace: string;
  artifacts?: string[];
  text?: string;
  manifest?: { file: string; line: number; utf16: number };
}

/** Rows that one page shows; thousands at once would be slow to draw and to read. */
export const PAGE = 200;

/** The first `shown` rows below `parent`, and one that brings the next page. */
export function page(rows: Row[], parent: string, shown: number): Row[] {
  if (rows.length <= shown) {
    return rows;
  }
  const left = rows.length - shown;
  const next = Math.min(PAGE, left);
  const label = `Show ${next.toLocaleString('en-US')} more`;
  return [
    ...rows.slice(0, shown),
    {
      id: `${parent}/more`,
      label,
      description: `${left.toLocaleString('en-US')} not shown`,
      icon: 'ellipsis',
      spoken: `${label}, ${left.toLocaleString('en-US')} are not shown`,
      kind: 'more',
      open: { more: parent },
    },
  ];
}
