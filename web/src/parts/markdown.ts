/** Light Markdown as data. Nothing in it can become HTML, a remote image or a live link. */

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "strong"; children: Inline[] }
  | { kind: "em"; children: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "figure"; id: string };

export type Block =
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "heading"; level: number; children: Inline[] }
  | { kind: "list"; ordered: boolean; start: number; items: Inline[][] }
  | { kind: "quote"; children: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] };

const INLINE =
  /\{\{\s*f:([A-Za-z0-9_]{1,40})\s*\}\}|`([^`\n]+)`|\*\*([^\n]+?)\*\*|\*([^*\s][^*\n]*?)\*|!?\[([^\]\n]*)\]\(([^)\s]*)\)/;

export function parseInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let rest = text;
  for (;;) {
    const match = INLINE.exec(rest);
    if (!match) break;
    if (match.index > 0) parts.push({ kind: "text", text: rest.slice(0, match.index) });
    parts.push(inlineOf(match));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest) parts.push({ kind: "text", text: rest });
  return parts;
}

function inlineOf(match: RegExpExecArray): Inline {
  const [whole, figure, code, strong, em, label, target] = match;
  if (figure !== undefined) return { kind: "figure", id: figure };
  if (code !== undefined) return { kind: "code", text: code };
  if (strong !== undefined) return { kind: "strong", children: parseInline(strong) };
  if (em !== undefined) return { kind: "em", children: parseInline(em) };
  // A link's address is shown, not followed: an answer may have been steered by what was in the data.
  return { kind: "text", text: label && target ? `${label} (${target})` : whole };
}

export function parseBlocks(source: string): Block[] {
  const lines = source.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at]!.trim() === "") {
      at += 1;
      continue;
    }
    const [block, next] = blockAt(lines, at);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*(\d{1,4})[.)]\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const FENCE = /^```/;

function blockAt(lines: string[], at: number): [Block, number] {
  const line = lines[at]!;
  if (FENCE.test(line)) return fenceAt(lines, at);
  const heading = HEADING.exec(line);
  if (heading) return [{ kind: "heading", level: heading[1]!.length, children: parseInline(heading[2]!) }, at + 1];
  if (BULLET.test(line) || NUMBER.test(line)) return listAt(lines, at);
  if (isTableAt(lines, at)) return tableAt(lines, at);
  if (line.startsWith(">")) return quoteAt(lines, at);
  return paragraphAt(lines, at);
}

function fenceAt(lines: string[], at: number): [Block, number] {
  const closing = lines.findIndex((line, index) => index > at && FENCE.test(line));
  const end = closing < 0 ? lines.length : closing;
  return [{ kind: "code", text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function listAt(lines: string[], at: number): [Block, number] {
  const ordered = NUMBER.test(lines[at]!) && !BULLET.test(lines[at]!);
  const pattern = ordered ? NUMBER : BULLET;
  const start = ordered ? Number(NUMBER.exec(lines[at]!)![1]) : 1;
  const items: string[] = [];
  let next = at;
  for (; next < lines.length; next += 1) {
    const match = pattern.exec(lines[next]!);
    if (match) items.push(match[ordered ? 2 : 1]!);
    else if (/^\s{2,}\S/.test(lines[next]!) && items.length > 0) items[items.length - 1] += ` ${lines[next]!.trim()}`;
    else break;
  }
  return [{ kind: "list", ordered, start, items: items.map(parseInline) }, next];
}

const isTableAt = (lines: string[], at: number): boolean =>
  lines[at]!.trim().startsWith("|") && /^\s*\|?[\s:|-]*-[\s:|-]*$/.test(lines[at + 1] ?? "");

function tableAt(lines: string[], at: number): [Block, number] {
  const cells = (line: string) =>
    line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => parseInline(cell.trim()));
  let next = at + 2;
  while (next < lines.length && lines[next]!.trim().startsWith("|")) next += 1;
  return [{ kind: "table", head: cells(lines[at]!), rows: lines.slice(at + 2, next).map(cells) }, next];
}

function quoteAt(lines: string[], at: number): [Block, number] {
  let next = at;
  while (next < lines.length && lines[next]!.startsWith(">")) next += 1;
  const text = lines.slice(at, next).map((line) => line.replace(/^>\s?/, "")).join(" ");
  return [{ kind: "quote", children: parseInline(text) }, next];
}

function paragraphAt(lines: string[], at: number): [Block, number] {
  let next = at + 1;
  while (next < lines.length && lines[next]!.trim() !== "" && !startsBlock(lines, next)) next += 1;
  return [{ kind: "paragraph", children: parseInline(lines.slice(at, next).join("\n")) }, next];
}

const startsBlock = (lines: string[], at: number): boolean => {
  const line = lines[at]!;
  return FENCE.test(line) || HEADING.test(line) || BULLET.test(line) || NUMBER.test(line) || isTableAt(lines, at);
};
