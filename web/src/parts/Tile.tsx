/** One number with its name and what qualifies it. */
export function Tile({ label, value, note, strong = false }: { label: string; value: string; note: string; strong?: boolean }) {
  return (
    <div className={strong ? "tile strong" : "tile"}>
      <dt>{label}</dt>
      <dd>{value}</dd>
      {note && <dd className="tile-note">{note}</dd>}
    </div>
  );
}
