import { memo, type ReactNode } from "react";
import type { Figure } from "../api/types";
import { FigureButton } from "./FigureButton";
import { parseBlocks, parseInline, type Block, type Inline } from "./markdown";

interface ProseProps {
  text: string;
  figures: readonly Figure[];
  runId: string | null;
}

/** Prose with its citations as buttons. Built from React elements only: no HTML ever comes from a text. */
export const Prose = memo(function Prose({ text, figures, runId }: ProseProps) {
  const cite = citing(figures, runId);
  return <div className="prose">{parseBlocks(text).map((block, index) => blockOf(block, index, cite))}</div>;
});

/** One line of prose, for table cells and list items. */
export const InlineProse = memo(function InlineProse({ text, figures, runId }: ProseProps) {
  return <>{inlines(parseInline(text), citing(figures, runId))}</>;
});

type Cite = (id: string, key: number) => ReactNode;

const citing = (figures: readonly Figure[], runId: string | null): Cite => (id, key) => {
  const figure = figures.find((candidate) => candidate.id === id);
  return figure ? <FigureButton key={key} figure={figure} runId={runId} /> : <span key={key} className="figure-pending" aria-label="figure to come">···</span>;
};

function blockOf(block: Block, key: number, cite: Cite): ReactNode {
  switch (block.kind) {
    case "paragraph": return <p key={key}>{inlines(block.children, cite)}</p>;
    case "heading": return block.level <= 2
      ? <h3 key={key}>{inlines(block.children, cite)}</h3>
      : <h4 key={key}>{inlines(block.children, cite)}</h4>;
    case "quote": return <blockquote key={key}>{inlines(block.children, cite)}</blockquote>;
    case "code": return <pre key={key}><code>{block.text}</code></pre>;
    case "list": {
      const items = block.items.map((item, index) => <li key={index}>{inlines(item, cite)}</li>);
      return block.ordered ? <ol key={key} start={block.start}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
    case "table": return (
      <div key={key} className="table-scroll">
        <table>
          <thead><tr>{block.head.map((cell, index) => <th key={index} scope="col">{inlines(cell, cite)}</th>)}</tr></thead>
          <tbody>
            {block.rows.map((row, index) => (
              <tr key={index}>{row.map((cell, column) => <td key={column}>{inlines(cell, cite)}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
    );
  }
}

function inlines(parts: Inline[], cite: Cite): ReactNode[] {
  return parts.map((part, key) => {
    switch (part.kind) {
      case "text": return part.text;
      case "strong": return <strong key={key}>{inlines(part.children, cite)}</strong>;
      case "em": return <em key={key}>{inlines(part.children, cite)}</em>;
      case "code": return <code key={key}>{part.text}</code>;
      case "figure": return cite(part.id, key);
    }
  });
}
