import { formatCount } from "../format";

interface PercentileChange {
  before_ms: number;
  after_ms: number;
  interval_95: [number, number];
}

const PERCENTILES = ["p50", "p95", "p99"] as const;

/** What a change does to quality or latency: words as they are, measured percentiles as before and after. */
export function effectInWords(name: string, value: unknown): string {
  if (value === "none") return `${name}: not affected`;
  if (typeof value === "string" && value !== "") return `${name}: ${value}`;
  if (typeof value !== "object" || value === null) return "";
  const measured = value as Record<string, unknown>;
  const changes = PERCENTILES.flatMap((percentile) => {
    const change = measured[percentile];
    return isChange(change) ? [`${percentile} ${inMilliseconds(change)}`] : [];
  });
  const parts = changes.length > 0 ? changes : fieldsInWords(measured);
  return parts.length > 0 ? `${name}: ${parts.join(", ")}` : "";
}

const isChange = (value: unknown): value is PercentileChange =>
  typeof value === "object" && value !== null && "before_ms" in value && "after_ms" in value && "interval_95" in value;

const inMilliseconds = ({ before_ms, after_ms, interval_95 }: PercentileChange): string =>
  `${formatCount(Math.round(before_ms))} to ${formatCount(Math.round(after_ms))} ms ` +
  `(gain, 95 % interval: ${interval_95.map((end) => formatCount(Math.round(end))).join(" to ")})`;

const fieldsInWords = (fields: Record<string, unknown>): string[] =>
  Object.entries(fields)
    .filter(([, value]) => value !== null && value !== "" && (typeof value !== "object" || Array.isArray(value)))
    .map(([key, value]) => `${key.replaceAll("_", " ")} ${Array.isArray(value) ? value.join(" to ") : String(value)}`);
