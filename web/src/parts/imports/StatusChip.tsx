import type { ImportRecord } from "../../api/types";

export function StatusChip({ status }: { status: ImportRecord["status"] }) {
  const tone = status === "completed" ? "good" : status === "failed" ? "bad" : status === "undone" ? "" : "warn";
  return <span className={`chip ${tone}`}>{status}</span>;
}
