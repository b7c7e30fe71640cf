import type { ImportRecord } from "../../api/types";
import { listImports } from "../../api/usage";
import { useApp } from "../../state/app";
import { usePages } from "../../state/pages";
import { hrefOf } from "../../state/route";
import { useStore } from "../../state/store";
import { ProblemNote, Skeleton } from "../Feedback";
import { formatCount } from "../format";
import { formatInstant } from "../time";
import { StatusChip } from "./StatusChip";
import { UndoImport } from "./UndoImport";

/** What was imported before. `version` goes up with every import made here, which loads the list again. */
export function ImportHistory({ version, onChanged }: { version: number; onChanged: () => void }) {
  const { http, session, system } = useApp();
  const state = useStore(session.state);
  const timezone = useStore(system)?.timezone ?? "UTC";
  const workspace = state.kind === "signed-in" ? state.workspaceId : "";
  const { items, problem, more, next } = usePages((from, signal) => listImports(http, from, signal), [http, workspace, version]);
  if (items?.length === 0 && !problem) return null;
  return (
    <section className="report-part">
      <h2>Imports</h2>
      {problem && <ProblemNote problem={problem} retry={next} />}
      {!items && !problem && <Skeleton lines={4} label="Loading the imports" />}
      {items && items.length > 0 && <ImportTable items={items} timezone={timezone} onChanged={onChanged} />}
      {more && <div><button type="button" className="button small" onClick={next}>Older imports</button></div>}
    </section>
  );
}

function ImportTable({ items, timezone, onChanged }: { items: ImportRecord[]; timezone: string; onChanged: () => void }) {
  return (
    <div className="table-scroll">
      <table className="imports">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">State</th>
            <th scope="col">Data quality</th>
            <th scope="col" className="number">Stored</th>
            <th scope="col" className="number">Duplicates</th>
            <th scope="col" className="number">Rejected</th>
            <th scope="col"><span className="visually-hidden">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          {items.map((record) => (
            <tr key={record.id}>
              <th scope="row">
                <a href={hrefOf({ page: "import", importId: record.id })}>{record.name}</a>
                <span className="params">{record.format} · {formatInstant(record.started_at, timezone)} {timezone}</span>
                {errorOf(record) && <p className="small bad-ink">{errorOf(record)}</p>}
              </th>
              <td><StatusChip status={record.status} /></td>
              <td className="nowrap"><a href={hrefOf({ page: "import", importId: record.id })} aria-label={`Data quality of ${record.name}`}>{qualityInWords(record)}</a></td>
              <td className="number">{formatCount(record.stored)}</td>
              <td className="number">{formatCount(record.duplicates)}</td>
              <td className={record.rejected > 0 ? "number bad-ink" : "number"}>{formatCount(record.rejected)}</td>
              <td><UndoImport record={record} onUndone={onChanged} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export const errorOf = (record: ImportRecord): string =>
  record.error && typeof record.error.message === "string" ? record.error.message : "";

function qualityInWords({ quality, read }: ImportRecord): string {
  if (!quality || read === 0) return "report";
  const serious = quality.findings.filter((finding) => finding.severity !== "note").length;
  if (serious > 0) return `${serious} to check`;
  return quality.findings.length > 0 ? `${quality.findings.length} noted` : "nothing odd";
}
