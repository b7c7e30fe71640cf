import type { Payloads } from "../realtime/frames";
import type { Part } from "./thread";

/**
 * Deltas carry their offset in Unicode code points. A repeated delta changes nothing, one that starts earlier
 * (a second attempt) cuts the text back, and one that starts later means some were dropped on the way: the part
 * then stays as it is until its durable text comes.
 */
export function applyDelta(parts: Record<number, Part>, delta: Payloads["message_delta"]): Record<number, Part> {
  const part = parts[delta.part] ?? { text: "", durable: false, broken: false };
  if (part.durable) return parts;
  const points = [...part.text];
  if (delta.offset > points.length) return { ...parts, [delta.part]: { ...part, broken: true } };
  if (part.broken && delta.offset > 0) return parts;
  const end = delta.offset + [...delta.text].length;
  const repeated = end <= points.length && points.slice(delta.offset, end).join("") === delta.text;
  if (repeated) return parts;
  const text = points.slice(0, delta.offset).join("") + delta.text;
  return { ...parts, [delta.part]: { text, durable: false, broken: false } };
}

export const completePart = (
  parts: Record<number, Part>,
  done: Payloads["message_completed"],
): Record<number, Part> => ({ ...parts, [done.part]: { text: done.text, durable: true, broken: false } });
