// Times as a person says them: `2 min ago`, `in 3 days`, `12 Mar 2026`. May not read the clock: the present is handed in.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, or how soon; a date where it is more than 30 days; empty for what is no time. */
export function age(rfc3339: string | null | undefined, now: Date): string {
  const at = instant(rfc3339);
  if (at === undefined) {
    return '';
  }
  const past = now.getTime() - at.getTime();
  const distance = Math.abs(past);
  if (distance < MINUTE) {
    return 'just now';
  }
  if (distance >= 31 * DAY) {
    return `${past > 0 ? 'on' : 'until'} ${day(at)}`;
  }
  const words =
    distance < HOUR
      ? `${Math.floor(distance / MINUTE)} min`
      : distance < DAY
        ? `${Math.floor(distance / HOUR)} h`
        : days(Math.floor(distance / DAY));
  return past > 0 ? `${words} ago` : `in ${words}`;
}

/** `02:14`, or with the day when it was another one; empty for what is no time. */
export function clock(rfc3339: string | null | undefined, now: Date): string {
  const at = instant(rfc3339);
  if (at === undefined) {
    return '';
  }
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return at.toDateString() === now.toDateString() ? time : `${day(at)} ${time}`;
}

function instant(rfc3339: string | null | undefined): Date | undefined {
  const at = rfc3339 ? new Date(rfc3339) : undefined;
  return at === undefined || Number.isNaN(at.getTime()) ? undefined : at;
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}

function day(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
