/** Reads `name=value` lines; `wrong` is the first line that is not one. */
export function parsePairs(text: string): { pairs: [string, string][]; wrong: string | null } {
  const pairs: [string, string][] = [];
  for (const line of text.split("\n").map((part) => part.trim()).filter(Boolean)) {
    const at = line.indexOf("=");
    if (at < 1) return { pairs: [], wrong: line };
    pairs.push([line.slice(0, at).trim(), line.slice(at + 1).trim()]);
  }
  return { pairs, wrong: null };
}
