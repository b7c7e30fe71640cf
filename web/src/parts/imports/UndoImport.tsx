import { useState } from "react";
import { problemOf, type Problem } from "../../api/problem";
import type { ImportRecord } from "../../api/types";
import { undoImport } from "../../api/usage";
import { useApp } from "../../state/app";
import { mayUndo, useRole } from "../../state/roles";
import { Dialog } from "../Dialog";
import { ProblemNote } from "../Feedback";
import { formatCount } from "../format";

const UNDOABLE = ["completed", "failed", "interrupted", "undoing"];

/** Takes an import back, where there is something to take back and the role allows it. */
export function UndoImport({ record, onUndone }: { record: ImportRecord; onUndone: () => void }) {
  const [asking, setAsking] = useState(false);
  if (!mayUndo(useRole()) || record.stored === 0 || !UNDOABLE.includes(record.status)) return null;
  return (
    <>
      <button type="button" className="button small" onClick={() => setAsking(true)}>Undo</button>
      {asking && <UndoDialog record={record} onClose={() => setAsking(false)} onUndone={onUndone} />}
    </>
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
      <p>{formatCount(record.stored)} {record.stored === 1 ? "row" : "rows"} will be deleted, also those that a later import found here already; import that file again to have them back.</p>
      {problem && <ProblemNote problem={problem} />}
      <div className="row">
        <button type="button" className="button danger" disabled={busy} onClick={() => void undo()}>{busy ? "Deleting" : "Delete the rows"}</button>
        <button type="button" className="button" disabled={busy} onClick={onClose}>Keep them</button>
      </div>
    </Dialog>
  );
}
