import { useState, type FormEvent } from "react";
import { problemOf, type Problem } from "../api/problem";
import type { Thread } from "../api/types";
import { useApp } from "../state/app";
import { Dialog } from "./Dialog";
import { ProblemNote } from "./Feedback";

export function RenameThread({ thread, onClose }: { thread: Thread; onClose: () => void }) {
  const { threads, notice } = useApp();
  const [title, setTitle] = useState(thread.title ?? "");
  const { busy, problem, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await threads.rename(thread.id, title.trim());
      notice.set("Renamed");
      onClose();
    });
  };
  return (
    <Dialog title="Rename conversation" onClose={onClose}>
      <form onSubmit={submit} className="stack">
        <label className="field">
          <span>Title</span>
          <input value={title} maxLength={200} autoFocus required onChange={(event) => setTitle(event.target.value)} />
        </label>
        {problem && <ProblemNote problem={problem} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button primary" disabled={busy || title.trim() === ""}>Rename</button>
        </div>
      </form>
    </Dialog>
  );
}

interface DeleteProps {
  thread: Thread;
  onClose: () => void;
  onDeleted: () => void;
}

export function DeleteThread({ thread, onClose, onDeleted }: DeleteProps) {
  const { threads, notice } = useApp();
  const { busy, problem, run } = useAction();
  const remove = () =>
    run(async () => {
      await threads.remove(thread.id);
      notice.set("Deleted");
      onClose();
      onDeleted();
    });
  return (
    <Dialog title="Delete this conversation?" onClose={onClose}>
      <p>
        “{thread.title || "Untitled"}” goes with its questions, answers and timeline. Its reports stay in the workspace.
        This cannot be undone.
      </p>
      {problem && <ProblemNote problem={problem} />}
      <div className="dialog-actions">
        <button type="button" className="button" autoFocus onClick={onClose}>Keep it</button>
        <button type="button" className="button danger" disabled={busy} onClick={() => void remove()}>Delete</button>
      </div>
    </Dialog>
  );
}

/** Runs one request of a dialog: busy meanwhile, and its problem if it has one. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async (body: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await body();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run };
}
