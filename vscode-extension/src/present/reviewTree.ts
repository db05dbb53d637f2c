// The reviews in words: each with its files and their threads, what can be reviewed, and what is not saved.
// May not know the editor; words for authors, places and states are the server's.
import type { NoteDraft, Review, ReviewFile, ReviewReport, ReviewThread } from '../contract.ts';
import { escape } from './markdown.ts';
import type { Row } from './tree.ts';

const SIGNS: Record<string, string> = {
  added: 'diff-added',
  modified: 'diff-modified',
  deleted: 'diff-removed',
  renamed: 'diff-renamed',
  copied: 'diff-added',
  typechange: 'diff-modified',
};

type Whole = (review: string) => Promise<Review>;

export function reviewListRows(workspace: string, report: ReviewReport, whole: Whole): Row[] {
  return [
    ...(report.drafts ?? []).map((draft) => draftRow(workspace, draft)),
    ...report.reviews.map((review) => reviewRow(workspace, review, whole)),
    ...report.candidates.map(({ range, name, title, files, added, removed }): Row => ({
      id: `${workspace}/candidate/${range}`,
      label: name,
      description: `not reviewed yet · ${files} files · +${added} -${removed}`,
      icon: 'git-branch',
      spoken: `${name}, not reviewed yet, ${files} files, ${title}`,
      tooltip: () => escape(title),
      kind: 'reviewCandidate',
      subject: { workspace, text: range },
    })),
  ];
}

function draftRow(workspace: string, draft: NoteDraft): Row {
  return {
    id: draft.id,
    label: draft.title,
    description: `not saved · ${draft.place.text}`,
    icon: 'edit',
    colour: 'list.warningForeground',
    spoken: `${draft.title}, not saved, ${draft.place.text}`,
    tooltip: () => escape(draft.about),
    kind: 'reviewDraft',
    subject: { workspace, text: draft.id },
  };
}

function reviewRow(workspace: string, review: Review, whole: Whole): Row {
  const threads = `${review.openThreads} of ${review.threadCount} threads open`;
  return {
    id: review.id,
    label: review.title,
    description: `${threads} · ${review.decision.text}`,
    icon: review.decision.state === 'conflict' ? 'warning' : 'git-pull-request',
    spoken: `${review.title}, ${threads}, ${review.decision.text}`,
    tooltip: () => `${escape(review.range)}\n\n${escape(review.about)}`,
    kind: 'review',
    expanded: true,
    children: async () => {
      const { files = [], threads = [] } = await whole(review.id);
      const names = new Set(files.map(({ path }) => path));
      const apart = threads.filter(({ place }) => !names.has(place.path ?? ''));
      return [
        ...files.map((file) => fileRow(workspace, review.id, file, threads)),
        ...apart.map((thread) => threadRow(workspace, thread)),
      ];
    },
    subject: { workspace, text: review.id },
  };
}

function fileRow(workspace: string, review: string, file: ReviewFile, threads: readonly ReviewThread[]): Row {
  const size = file.binary === true ? 'no text' : `+${file.added} -${file.removed}`;
  const open = file.threads === 0 ? '' : ` · ${file.openThreads} of ${file.threads} open`;
  const own = threads.filter(({ place }) => place.path === file.path);
  return {
    id: `${review}/${file.path}`,
    label: file.path,
    description: `${size}${open}`,
    icon: SIGNS[file.change] ?? 'diff-modified',
    spoken: `${file.path}, ${file.change}, ${size}${open}`,
    kind: 'reviewFile',
    open: { review, workspace, path: file.path, oldPath: file.oldPath ?? file.path },
    ...(own.length === 0 ? {} : { children: () => own.map((thread) => threadRow(workspace, thread)) }),
    subject: { workspace, text: file.path },
  };
}

function threadRow(workspace: string, thread: ReviewThread): Row {
  const { place } = thread;
  const disputed = thread.disputed ?? '';
  const row: Row = {
    id: thread.id,
    label: thread.title,
    description: thread.about,
    icon: disputed !== '' ? 'warning' : thread.resolved ? 'pass' : 'comment-unresolved',
    spoken: `${thread.title}, ${thread.about}`,
    tooltip: () => escape(disputed === '' ? thread.about : disputed),
    kind: thread.resolved ? 'reviewThreadResolved' : 'reviewThread',
    subject: { workspace, text: thread.id },
  };
  if (place.path !== undefined && place.path !== null && place.grade !== 'review') {
    row.open = { file: `${workspace}/${place.path}`, line: place.range?.start.line ?? 0, utf16: 0 };
  }
  return row;
}
