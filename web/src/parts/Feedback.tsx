import type { ReactNode } from "react";
import type { Problem as ProblemShape } from "../api/problem";
import { Icon, type IconName } from "./Icon";

/** What went wrong, in the server's words: what happened, what to do, and the id to quote. */
export function ProblemNote({ problem, retry }: { problem: ProblemShape; retry?: (() => void) | undefined }) {
  return (
    <div className="problem" role="alert">
      <Icon name="alert" size={18} />
      <div>
        <p className="problem-title">{problem.title}</p>
        {problem.detail && problem.detail !== problem.title && <p>{problem.detail}</p>}
        {problem.hint && <p className="problem-hint">{problem.hint}</p>}
        {problem.traceId && <p className="faint small">Trace {problem.traceId}</p>}
        {retry && (
          <button type="button" className="button small" onClick={retry}>
            <Icon name="refresh" size={14} /> Try again
          </button>
        )}
      </div>
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <span className="empty-icon"><Icon name={icon} size={22} /></span>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Grey lines in the shape of what is coming; the label is what a screen reader hears. */
export function Skeleton({ lines, label }: { lines: number; label: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} className={`skeleton-line w${(index % 4) + 1}`} />
      ))}
    </div>
  );
}

export function Spinner({ label }: { label?: string }) {
  return <span className="spinner" role={label ? "status" : undefined} aria-label={label} aria-hidden={label ? undefined : true} />;
}

export function Meter({ value, label }: { value: number | null; label: string }) {
  return <progress className="meter" aria-label={label} max={1} {...(value === null ? {} : { value })} />;
}
