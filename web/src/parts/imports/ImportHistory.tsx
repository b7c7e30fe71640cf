import { useState } from "react";
import { problemOf, type Problem } from "../../api/problem";
import { listImports, undoImport } from "../../api/usage";
import type { ImportRecord } from "../../api/types";
import { useApp, useResource } from "../../state/app";
import { mayUndo, useRole } from "../../state/roles";
import { useStore } from "../../state/store";
import { ProblemNote } from "../Feedback";
import { formatCount } from "../format";
import { formatInstant } from "../time";
import { Dialog } from "../Dialog";
import { QualityReport } from "./QualityReport";
import { RejectList } from "./RejectList";

/** What was imported before. `version` goes up with every import made here, which loads the list again. */
export function ImportHistory({ version, onChanged }: { version: number; onChanged: () => void }) {
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
              <th scope="col"><span className="visually-hidden">Actions</span></th>
            </tr>
          </thead>
          <tbody>
            {imports.value.items.map((record) => <ImportRow key={record.id} record={record} timezone={timezone} onChanged={onChanged} />)}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function ImportRow({ record, timezone, onChanged }: { record: ImportRecord; timezone: string; onChanged: () => void }) {
  const [asking, setAsking] = useState(false);
  const reason = record.error && typeof record.error.message === "string" ? record.error.message : "";
  const tone = record.status === "completed" ? "good" : record.status === "failed" ? "bad" : "warn";
  const role = useRole();
  const undoable = mayUndo(role) && record.stored > 0 && ["completed", "failed", "interrupted", "undoing"].includes(record.status);
  return (
    <tr>
      <th scope="row">
        {record.name} <span className="faint small">{record.format}</span>
        {reason && <p className="small bad-ink">{reason}</p>}
        {record.quality && <QualityReport quality={record.quality} />}
        {record.rejected > 0 && <RejectList importId={record.id} />}
      </th>
      <td className="nowrap">{formatInstant(record.started_at, timezone)}</td>
      <td><span className={`chip ${tone}`}>{record.status}</span></td>
      <td className="number">{formatCount(record.stored)}</td>
      <td className="number">{formatCount(record.duplicates)}</td>
      <td className="number">{formatCount(record.rejected)}</td>
      <td>
        {undoable && <button type="button" className="button small" onClick={() => setAsking(true)}>Undo</button>}
        {asking && <UndoDialog record={record} onClose={() => setAsking(false)} onUndone={onChanged} />}
      </td>
    </tr>
  );
}

/** Asks once more, because rows that a later import found stored are gone with these. */
function UndoDialog({ record, onClose, onUndone }: { record: ImportRecord; onClose: () => void; onUndone: () => void }) {
  const { http } = useApp();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const undo = async () => {
    setBusy(true);
    try {
      await undoImport(http, record.id);
      onClose();
      onUndone();
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Undo the import of ${record.name}?`} onClose={onClose}>
      <p>{formatCount(record.stored)} rows are deleted. Rows that a later import found here already are gone too; import that file again.</p>
      {problem && <ProblemNote problem={problem} />}
      <div className="row">
        <button type="button" className="button primary" disabled={busy} onClick={() => void undo()}>{busy ? "Deleting" : "Delete the rows"}</button>
        <button type="button" className="button" disabled={busy} onClick={onClose}>Keep them</button>
      </div>
    </Dialog>
  );
}
