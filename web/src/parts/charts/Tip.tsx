import type { ReactElement } from "react";

export interface TipLine {
  name: string;
  value: string;
  colour?: string;
}

/** The box beside the pointer. */
export function Tip({ title, lines }: { title: string; lines: TipLine[] }): ReactElement {
  return (
    <div className="chart-tip">
      <p>{title}</p>
      <ul>
        {lines.map((line) => (
          <li key={line.name}>
            {line.colour && (
              <svg width="8" height="8" aria-hidden="true"><rect width="8" height="8" rx="2" fill={line.colour} /></svg>
            )}
            <span>{line.name}</span>
            <strong>{line.value}</strong>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Legend({ names, colour }: { names: string[]; colour: (index: number) => string }) {
  return (
    <ul className="chart-legend">
      {names.map((name, index) => (
        <li key={name}>
          <svg width="9" height="9" aria-hidden="true"><rect width="9" height="9" rx="2" fill={colour(index)} /></svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
