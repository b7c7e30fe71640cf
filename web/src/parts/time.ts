/** Moments and periods in the installation's one display time zone. */

export function formatInstant(moment: string | null | undefined, timezone: string): string {
  const date = parse(moment);
  if (!date) return "";
  const fields = fieldsOf(date, timezone);
  return `${fields.year}-${fields.month}-${fields.day} ${fields.hour}:${fields.minute}`;
}

export function formatDay(moment: string | null | undefined, timezone: string): string {
  return formatInstant(moment, timezone).slice(0, 10);
}

export function formatPeriod(
  since: string | null | undefined,
  until: string | null | undefined,
  timezone: string,
): string {
  const start = formatInstant(since, timezone);
  const end = formatInstant(until, timezone);
  if (start && end) return `${start} to ${end} ${timezone}`;
  if (start) return `from ${start} ${timezone}`;
  if (end) return `until ${end} ${timezone}`;
  return "all stored data";
}

/** "just now", "14 min ago", "yesterday", then the date: for lists, where the exact minute is noise. */
export function formatAge(moment: string | null | undefined, timezone: string, now: number): string {
  const date = parse(moment);
  if (!date) return "";
  const minutes = Math.floor((now - date.getTime()) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  if (minutes < 48 * 60) return "yesterday";
  return formatDay(moment, timezone);
}

function parse(moment: string | null | undefined): Date | null {
  if (!moment) return null;
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? null : date;
}

function fieldsOf(date: Date, timezone: string): Record<string, string> {
  const options: Intl.DateTimeFormatOptions = {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  };
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: timezone }).formatToParts(date);
  } catch {
    // A zone this browser does not know: UTC is still right, only less convenient.
    parts = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).formatToParts(date);
  }
  return Object.fromEntries(parts.map((part) => [part.type, part.value]));
}
