import { listImports } from "../../api/usage";
import type { ImportRecord } from "../../api/types";
import { useApp, useResource } from "../../state/app";
import { useStore } from "../../state/store";
import { ProblemNote } from "../Feedback";
import { formatCount } from "../format";
import { formatInstant } from "../time";
import { RejectList } from "./RejectList";

/** What was imported before. `version` goes up with every import made here, which loads the list again. */
export function ImportHistory({ version }: { version: number }) {
  const { session, system } = useApp();
  const state = useStore(session.state);
  const timezone = useStore(system)?.timezone ?? "UTC";
  const workspace = state.kind === "signed-in" ? state.workspaceId : "";
  const imports = useResource(`imports:${workspace}:${version}`, listImports);
  if (imports.kind === "loading") return null;
  if (imports.kind === "failed") return <ProblemNote problem={imports.problem} retry={imports.retry} />;
  if (imports.value.items.length === 0) return null;
  return (
    <section className="report-part">
      <h2>Imports</h2>
      <div className="table-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">When</th>
              <th scope="col">State</th>
              <th scope="col" className="number">Stored</th>
              <th scope="col" className="number">Duplicates</th>
              <th scope="col" className="number">Rejected</th>
            </tr>
          </thead>
          <tbody>
            {imports.value.items.map((record) => <ImportRow key={record.id} record={record} timezone={timezone} />)}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function ImportRow({ record, timezone }: { record: ImportRecord; timezone: string }) {
  const reason = record.error && typeof record.error.detail === "string" ? record.error.detail : "";
  return (
    <tr>
      <th scope="row">
        {record.name} <span className="faint small">{record.format}</span>
        {reason && <p className="small bad-ink">{reason}</p>}
        {record.rejected > 0 && <RejectList importId={record.id} />}
      </th>
      <td className="nowrap">{formatInstant(record.started_at, timezone)}</td>
      <td><span className={`chip ${record.status === "completed" ? "good" : record.status === "failed" ? "bad" : "warn"}`}>{record.status}</span></td>
      <td className="number">{formatCount(record.stored)}</td>
      <td className="number">{formatCount(record.duplicates)}</td>
      <td className="number">{formatCount(record.rejected)}</td>
    </tr>
  );
}
