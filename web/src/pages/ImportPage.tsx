import { useEffect } from "react";
import type { ImportRecord } from "../api/types";
import { getImport } from "../api/usage";
import { Empty, ProblemNote, Skeleton } from "../parts/Feedback";
import { formatBytes, formatCount } from "../parts/format";
import { errorOf } from "../parts/imports/ImportHistory";
import { FilledColumns, FindingList, LeverTable, Unpriced } from "../parts/imports/QualityReport";
import { RejectTable } from "../parts/imports/RejectTable";
import { StatusChip } from "../parts/imports/StatusChip";
import { UndoImport } from "../parts/imports/UndoImport";
import { formatInstant, formatPeriod } from "../parts/time";
import { Tile } from "../parts/Tile";
import { useApp, useResource } from "../state/app";
import { hrefOf } from "../state/route";
import { useStore } from "../state/store";

const LOOK_AGAIN_MS = 2000;

/** One import with its data-quality report, for as long as its record is kept. */
export function ImportPage({ importId }: { importId: string }) {
  const found = useResource(`import:${importId}`, (http, signal) => getImport(http, importId, signal));
  const running = found.kind === "ready" && (found.value.status === "running" || found.value.status === "undoing");
  useEffect(() => {
    if (!running || found.kind !== "ready") return;
    const timer = setTimeout(found.reload, LOOK_AGAIN_MS);
    return () => clearTimeout(timer);
  });
  if (found.kind === "loading") return <div className="column wide-column page"><Skeleton lines={9} label="Loading the import" /></div>;
  if (found.kind === "failed") {
    return found.problem.status === 404 ? (
      <Empty icon="upload" title="This import is not here">
        <p>It belongs to another workspace, or there is no such import.</p>
        <a className="button" href={hrefOf({ page: "usage" })}>All imports</a>
      </Empty>
    ) : (
      <div className="column"><ProblemNote problem={found.problem} retry={found.retry} /></div>
    );
  }
  return <Import record={found.value} onChanged={found.reload} />;
}

function Import({ record, onChanged }: { record: ImportRecord; onChanged: () => void }) {
  const timezone = useStore(useApp().system)?.timezone ?? "UTC";
  const error = errorOf(record);
  return (
    <article className="column wide-column page">
      <div className="page-head">
        <div>
          <p className="small"><a href={hrefOf({ page: "usage" })}>Usage</a></p>
          <h1 className="wrap-anywhere">{record.name}</h1>
        </div>
        <UndoImport record={record} onUndone={onChanged} />
      </div>
      <Facts record={record} timezone={timezone} />
      {error && <ProblemNote problem={{ title: "This import stopped", status: 0, code: "import", detail: error, hint: record.read > 0 ? "What was stored stays. Import the same file again: nothing is stored twice." : "No row of it was stored." }} />}
      <Counts record={record} />
      {record.read > 0 && <Quality record={record} />}
    </article>
  );
}

function Quality({ record }: { record: ImportRecord }) {
  const { quality } = record;
  return (
    <>
      <section className="report-part">
        <h2>What is odd about the data</h2>
        {!quality && <p className="faint">{record.status === "running" ? "The data-quality report stands here when the import has ended." : "This import ended before its data-quality report was made."}</p>}
        {quality && quality.findings.length === 0 && <p>Nothing odd was found in {formatCount(record.read)} {record.read === 1 ? "row" : "rows"}.</p>}
        {quality && quality.findings.length > 0 && <FindingList findings={quality.findings} />}
      </section>
      {record.rejected > 0 && (
        <section className="report-part">
          <h2>Rejected rows</h2>
          <RejectTable key={record.rejected} importId={record.id} total={record.rejected} />
        </section>
      )}
      {quality && <Unpriced quality={quality} />}
      {quality && <LeverTable quality={quality} />}
      {quality && <FilledColumns quality={quality} />}
    </>
  );
}

function Facts({ record, timezone }: { record: ImportRecord; timezone: string }) {
  const given = Object.entries(record.options).flatMap(([kind, pairs]) => Object.entries(pairs).map(([name, value]) => `${kind} ${name}=${value}`));
  const [began, finished] = [formatInstant(record.started_at, timezone), formatInstant(record.finished_at, timezone)];
  const ended = finished && finished !== began ? ` to ${finished}` : "";
  return (
    <dl className="facts">
      <div><dt>State</dt><dd><StatusChip status={record.status} /></dd></div>
      <div><dt>Format</dt><dd>{record.format} · {formatBytes(record.bytes)}</dd></div>
      {given.length > 0 && <div><dt>Given with it</dt><dd>{given.map((text) => <code key={text} className="spaced">{text}</code>)}</dd></div>}
      <div><dt>Imported</dt><dd>{began}{ended} {timezone}</dd></div>
      {record.undone_at && <div><dt>Undone</dt><dd>{formatInstant(record.undone_at, timezone)} {timezone}</dd></div>}
      {record.quality?.since && <div><dt>Rows are of</dt><dd>{formatPeriod(record.quality.since, record.quality.until, timezone)}</dd></div>}
      <div><dt>Import</dt><dd className="mono">{record.id}</dd></div>
    </dl>
  );
}

function Counts({ record }: { record: ImportRecord }) {
  const stored = record.status === "undone" ? "deleted again" : record.unpriced > 0 ? `${formatCount(record.unpriced)} without a known price` : "";
  return (
    <dl className="tiles">
      <Tile label="Rows read" value={formatCount(record.read)} note="" />
      <Tile strong label="Stored" value={formatCount(record.stored)} note={stored} />
      <Tile label="Duplicates" value={formatCount(record.duplicates)} note="stored already" />
      <Tile label="Ignored" value={formatCount(record.ignored)} note="carry no usage" />
      <Tile label="Rejected" value={formatCount(record.rejected)} note={record.rejected > 0 ? "not stored; listed below" : ""} />
    </dl>
  );
}
