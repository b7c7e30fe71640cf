import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

export interface MenuItem {
  label: ReactNode;
  onSelect: () => void;
  checked?: boolean;
  danger?: boolean;
}

interface MenuProps {
  label: string;
  trigger: ReactNode;
  className?: string;
  items: MenuItem[];
  header?: ReactNode;
  side?: "above" | "below";
}

/** A menu button: arrows move, Home and End jump, Escape closes and gives focus back. */
export function Menu({ label, trigger, className, items, header, side = "below" }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) return;
    const leave = (event: PointerEvent) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", leave);
    itemsOf(root.current)[0]?.focus();
    return () => document.removeEventListener("pointerdown", leave);
  }, [open]);

  const close = () => {
    setOpen(false);
    root.current?.querySelector("button")?.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return;
    const buttons = itemsOf(root.current);
    const at = buttons.findIndex((button) => button === document.activeElement);
    const moves: Record<string, number> = {
      ArrowDown: (at + 1) % buttons.length,
      ArrowUp: (at - 1 + buttons.length) % buttons.length,
      Home: 0,
      End: buttons.length - 1,
    };
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") setOpen(false);
    else if (event.key in moves) {
      event.preventDefault();
      buttons[moves[event.key]!]?.focus();
    }
  };

  return (
    <div className={`menu ${className ?? ""}`} ref={root} onKeyDown={onKeyDown}>
      <button
        type="button"
        className="menu-trigger"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
      >
        {trigger}
      </button>
      {open && (
        <div className={`menu-list ${side}`} role="menu" id={id} aria-label={label}>
          {header}
          {items.map((item, index) => (
            <button
              key={index}
              type="button"
              role={item.checked === undefined ? "menuitem" : "menuitemradio"}
              aria-checked={item.checked}
              tabIndex={-1}
              className={item.danger ? "menu-item danger" : "menu-item"}
              onClick={() => {
                close();
                item.onSelect();
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

const itemsOf = (root: HTMLElement | null): HTMLButtonElement[] => [
  ...(root?.querySelectorAll<HTMLButtonElement>(".menu-item") ?? []),
];
