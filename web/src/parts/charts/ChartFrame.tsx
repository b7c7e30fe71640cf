import { useId, useState, type ReactNode } from "react";
import type { Figure } from "../../api/types";
import { useApp } from "../../state/app";
import { Icon } from "../Icon";
import { InlineProse } from "../Prose";

export interface ChartTable {
  columns: string[];
  rows: string[][];
}

/** What every chart of a report is given. */
export interface ChartProps<C> {
  chart: C;
  source: Figure | null;
  runId: string | null;
  wide: boolean;
}

interface FrameProps {
  title: string;
  caption?: string;
  table: ChartTable;
  source?: Figure | null;
  runId?: string | null;
  wide?: boolean;
  children: ReactNode;
}

/** Around every chart: its title, the same data as a table for whoever cannot see or wants to copy, its source. */
export function ChartFrame({ title, caption = "", table, source = null, runId = null, wide = false, children }: FrameProps) {
  const { openFigure } = useApp();
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  return (
    <figure className={wide ? "chart wide" : "chart"} aria-labelledby={id}>
      <figcaption>
        <h3 id={id}>{title}</h3>
        <span className="chart-tools">
          {source && (
            <button type="button" className="button ghost small" aria-haspopup="dialog" onClick={() => openFigure.set({ figure: source, runId })}>
              Query
            </button>
          )}
          <button type="button" className="button ghost icon-only" aria-pressed={asTable} aria-label={`${title} as a table`} title="As a table" onClick={() => setAsTable(!asTable)}>
            <Icon name="table" size={14} />
          </button>
        </span>
      </figcaption>
      {asTable ? <DataTable table={table} /> : <div className="chart-canvas">{children}</div>}
      {caption && <p className="chart-caption"><InlineProse text={caption} figures={source ? [source] : []} runId={runId} /></p>}
    </figure>
  );
}

function DataTable({ table }: { table: ChartTable }) {
  return (
    <div className="table-scroll chart-table">
      <table>
        <thead>
          <tr>{table.columns.map((name, column) => <th key={name} scope="col" className={column > 0 ? "number" : undefined}>{name}</th>)}</tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>{row.map((cell, column) => <td key={column} className={column > 0 ? "number" : undefined}>{cell}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
