import type { Section } from "../../api/document";
import type { Figure } from "../../api/types";
import { InlineProse, Prose } from "../Prose";

interface SectionsProps {
  sections: readonly Section[];
  figures: readonly Figure[];
  runId: string | null;
}

export function Sections({ sections, figures, runId }: SectionsProps) {
  return sections.map((section) => (
    <section className="report-part" key={section.heading}>
      <h2>{section.heading}</h2>
      {section.text && <Prose text={section.text} figures={figures} runId={runId} />}
      {section.table && <SectionTable table={section.table} figures={figures} runId={runId} />}
    </section>
  ));
}

interface TableProps {
  table: NonNullable<Section["table"]>;
  figures: readonly Figure[];
  runId: string | null;
}

function SectionTable({ table, figures, runId }: TableProps) {
  const side = (column: number) => (table.numeric.includes(column) ? "number" : undefined);
  return (
    <div className="table-scroll">
      <table>
        {table.caption && <caption>{table.caption}</caption>}
        <thead>
          <tr>{table.columns.map((name, column) => <th key={column} scope="col" className={side(column)}>{name}</th>)}</tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column} className={side(column)}><InlineProse text={cell} figures={figures} runId={runId} /></td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
