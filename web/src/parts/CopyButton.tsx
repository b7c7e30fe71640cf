import { useEffect, useState } from "react";
import { useApp } from "../state/app";
import { Icon, type IconName } from "./Icon";

interface CopyProps {
  text: string;
  label: string;
  icon?: IconName;
  compact?: boolean;
}

export function CopyButton({ text, label, icon = "copy", compact = false }: CopyProps) {
  const { notice } = useApp();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1600);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    await putOnClipboard(text);
    setDone(true);
    notice.set("Copied");
  };
  return (
    <button
      type="button"
      className={compact ? "button ghost icon-only" : "button ghost small"}
      onClick={() => void copy()}
      aria-label={compact ? label : undefined}
      title={compact ? label : undefined}
    >
      <Icon name={done ? "check" : icon} size={14} />
      {!compact && <span>{done ? "Copied" : label}</span>}
    </button>
  );
}

/** Plain http away from localhost has no clipboard API; a selected field and the old command still work. */
async function putOnClipboard(text: string): Promise<void> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Refused by the browser: fall through.
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
