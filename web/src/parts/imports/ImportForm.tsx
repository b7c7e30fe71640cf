import { useEffect, useRef, useState, type DragEvent, type FormEvent } from "react";
import { FORMATS, importFile, type ImportProgress, type ImportResult } from "../../api/importing";
import { isAborted, problemOf, type Problem } from "../../api/problem";
import { useApp } from "../../state/app";
import { hrefOf } from "../../state/route";
import { Meter, ProblemNote } from "../Feedback";
import { formatBytes, formatCount } from "../format";
import { Icon } from "../Icon";
import { parsePairs } from "./pairs";
import { FindingList } from "./QualityReport";
import { RejectTable } from "./RejectTable";

type Phase =
  | { kind: "idle" }
  | { kind: "sending"; sent: number; total: number }
  | { kind: "reading"; progress: ImportProgress }
  | { kind: "done"; result: ImportResult }
  | { kind: "failed"; problem: Problem };

/** Sends a file: format, columns it lacks, upload and row progress, and what was rejected. */
export function ImportForm({ onImported, onFailed }: { onImported: () => void; onFailed: () => void }) {
  const { http } = useApp();
  const [file, setFile] = useState<File | null>(null);
  const [format, setFormat] = useState("calls");
  const [sets, setSets] = useState("");
  const [maps, setMaps] = useState("");
  const [phase, setPhase] = useState<Phase>({ kind: "idle" });
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const busy = phase.kind === "sending" || phase.kind === "reading";
  const chosen = FORMATS.find((candidate) => candidate.id === format)!;

  const choose = (next: File | null) => {
    setFile(next);
    setPhase({ kind: "idle" });
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!file || busy) return;
    const set = parsePairs(sets);
    const map = parsePairs(maps);
    const wrong = set.wrong ?? map.wrong;
    if (wrong) {
      setPhase({ kind: "failed", problem: { title: "A column is not written as name=value", status: 0, code: "pair", detail: `“${wrong}” has no “=”.`, hint: "For example provider=openai, one a line." } });
      return;
    }
    abort.current = new AbortController();
    setPhase({ kind: "sending", sent: 0, total: file.size });
    try {
      const result = await importFile(http, { file, format, set: set.pairs, map: map.pairs }, {
        signal: abort.current.signal,
        onUpload: (sent, total) => setPhase((now) => (now.kind === "sending" ? { kind: "sending", sent, total } : now)),
        onProgress: (progress) => {
          if (progress.phase !== "receiving") setPhase({ kind: "reading", progress });
        },
      });
      setPhase({ kind: "done", result });
      onImported();
    } catch (error) {
      setPhase(isAborted(error) ? { kind: "idle" } : { kind: "failed", problem: problemOf(error) });
      onFailed();
    }
  };

  return (
    <form className="card import-form" onSubmit={(event) => void submit(event)} aria-label="Import a file">
      <DropZone file={file} accept={chosen.accept} disabled={busy} onFile={choose} />
      <div className="import-fields">
        <label className="field">
          <span>Format</span>
          <select value={format} disabled={busy} onChange={(event) => setFormat(event.target.value)}>
            {FORMATS.map((option) => <option key={option.id} value={option.id}>{option.label}</option>)}
          </select>
          <span className="small faint">{chosen.hint}</span>
        </label>
        <label className="field">
          <span>Columns the file lacks</span>
          <textarea rows={2} value={sets} disabled={busy} placeholder={"provider=openai\nmodel=gpt-4o"} onChange={(event) => setSets(event.target.value)} />
          <span className="small faint">One column=value a line, for every row (--set)</span>
        </label>
        <label className="field">
          <span>Columns with another name</span>
          <textarea rows={2} value={maps} disabled={busy} placeholder="input_tokens=prompt_tokens" onChange={(event) => setMaps(event.target.value)} />
          <span className="small faint">ours=theirs, one a line (--map)</span>
        </label>
      </div>
      <PhaseView phase={phase} />
      <div className="row">
        <button type="submit" className="button primary" disabled={!file || busy}><Icon name="upload" size={14} /> {busy ? "Importing" : "Import"}</button>
        {busy && <button type="button" className="button" onClick={() => abort.current?.abort()}>Stop</button>}
      </div>
    </form>
  );
}

interface DropProps {
  file: File | null;
  accept: string;
  disabled: boolean;
  onFile: (file: File | null) => void;
}

function DropZone({ file, accept, disabled, onFile }: DropProps) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (!disabled) onFile(event.dataTransfer.files[0] ?? null);
  };
  return (
    <label
      className={over ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input type="file" className="drop-input" accept={accept} disabled={disabled} onChange={(event) => onFile(event.target.files?.[0] ?? null)} />
      <Icon name="upload" size={20} />
      {file ? <span><strong>{file.name}</strong> <span className="faint">{formatBytes(file.size)}</span></span> : <span>Choose a file, or drop it here</span>}
    </label>
  );
}

function PhaseView({ phase }: { phase: Phase }) {
  switch (phase.kind) {
    case "idle": return null;
    case "failed": return <ProblemNote problem={phase.problem} />;
    case "sending": return (
      <div className="import-progress" role="status">
        <Meter value={phase.total > 0 ? phase.sent / phase.total : null} label="Upload" />
        <span className="small">{phase.sent < phase.total ? `Sending ${formatBytes(phase.sent)} of ${formatBytes(phase.total)}` : "Sent. Reading the rows"}</span>
      </div>
    );
    case "reading": return (
      <div className="import-progress" role="status">
        <Meter value={null} label="Reading" />
        <span className="small">{formatCount(phase.progress.read)} rows read, {formatCount(Math.round(phase.progress.rows_per_second))} rows/s</span>
      </div>
    );
    case "done": return <Done result={phase.result} />;
  }
}

function Done({ result }: { result: ImportResult }) {
  return (
    <div className="import-done" role="status">
      <p>
        <Icon name="check" size={14} /> <strong>{formatCount(result.stored)}</strong> of {formatCount(result.read)} rows stored
        {result.duplicates > 0 && <>, {formatCount(result.duplicates)} were here already</>}
        {result.ignored > 0 && <>, {formatCount(result.ignored)} carry no usage</>}
        {result.rejected > 0 && <>, <span className="bad-ink">{formatCount(result.rejected)} rejected</span></>}
        {result.unpriced > 0 && <>. {formatCount(result.unpriced)} have no known price yet</>}.
      </p>
      {result.findings.length > 0 && <FindingList findings={result.findings} />}
      {result.rejected > 0 && <RejectTable importId={result.import_id} total={result.rejected} />}
      <p><a href={hrefOf({ page: "import", importId: result.import_id })}>The whole data-quality report</a></p>
    </div>
  );
}
