/** The page's own small set of line icons, drawn on a 16-unit grid; decorative unless a label is given. */
const PATHS = {
  plus: "M8 3v10M3 8h10",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.700 10.700 14 14",
  ask: "M2.500 3.500h11v7h-6l-3 2.500v-2.500h-2z",
  report: "M4 2h5.500L12.500 5v9H4zM9 2v3.500h3.500M6 8.500h4.500M6 11h4.500",
  people: "M6 7.500a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600ZM2 13.200c0-2.300 1.700-3.700 4-3.700s4 1.400 4 3.700M10.500 7.300a2.100 2.100 0 1 0-.8-4M11.700 9.700c1.500.4 2.400 1.600 2.400 3.500",
  usage: "M2.500 13.500h11M4.500 11V7M8 11V3.500M11.500 11V6",
  chevron: "M6 3.500 10.500 8 6 12.500",
  down: "M3.500 6 8 10.500 12.500 6",
  close: "M3.500 3.500l9 9M12.500 3.500l-9 9",
  check: "M3 8.500 6.500 12 13 4.500",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  link: "M6.500 9.500l3-3M7 4.500l1.500-1.500a2.800 2.800 0 0 1 4 4L11 8.500M9 11.500 7.500 13a2.800 2.800 0 0 1-4-4L5 7.500",
  more: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  pencil: "M3 13l.7-3L10.500 3l2.500 2.500L6 12.300z",
  trash: "M3 4.500h10M6 4.500v-2h4v2M4.500 4.500l.7 9h5.600l.7-9",
  stop: "M4.500 4.500h7v7h-7z",
  send: "M8 13V3M3.500 7.500 8 3l4.500 4.500",
  menu: "M2.500 4.500h11M2.500 8h11M2.500 11.500h11",
  sun: "M8 10.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600ZM8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M3.400 12.600l.9-.9M11.700 4.300l.9-.9",
  moon: "M13 9.500A5.500 5.500 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500Z",
  screen: "M2 3h12v8H2zM6 13.500h4M8 11v2.500",
  alert: "M8 2.500 14.500 13.500h-13zM8 6.500v3.200M8 11.500h.01",
  upload: "M8 10.500V2.500M4.500 6 8 2.500 11.500 6M2.500 10.500v3h11v-3",
  download: "M8 2.500v8M4.500 7 8 10.500 11.500 7M2.500 10.500v3h11v-3",
  external: "M9 2.500h4.500V7M13.500 2.500 7.500 8.500M11.500 9.500v4h-9v-9h4",
  offline: "M2 2l12 12M5 9.500a4.200 4.200 0 0 1 3-1.200M2.500 7a7.800 7.800 0 0 1 3-1.900M8.500 4.500A7.800 7.800 0 0 1 13.500 7M8 12h.01",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.800V8l2.200 1.500",
  table: "M2.500 3h11v10h-11zM2.500 6.500h11M7 6.500V13",
  refresh: "M13 5.500A5.500 5.500 0 1 0 13.500 9M13.500 2.500v3.200h-3.200",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16, label }: { name: IconName; size?: number; label?: string }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      width={size}
      height={size}
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark({ size = 26 }: { size?: number }) {
  return <img className="mark" src="/mark.svg" width={size} height={size} alt="" />;
}
