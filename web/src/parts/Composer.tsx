import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Icon } from "./Icon";

interface ComposerProps {
  onSend: (text: string) => Promise<boolean>;
  busy: boolean;
  placeholder: string;
  autoFocus?: boolean;
}

const LONGEST = 32_000;

/** The ask box. Enter sends, Shift+Enter starts a line; a question that failed to go stays in the box. */
export function Composer({ onSend, busy, placeholder, autoFocus = false }: ComposerProps) {
  const [text, setText] = useState("");
  const [sending, setSending] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    if (autoFocus && window.matchMedia("(hover: hover)").matches) field.current?.focus();
  }, [autoFocus]);

  useEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, 220)}px`;
  }, [text]);

  const tooLong = [...text].length > LONGEST;
  const ready = text.trim() !== "" && !sending && !tooLong;

  const send = async () => {
    if (!ready) return;
    setSending(true);
    const sent = await onSend(text.trim());
    setSending(false);
    if (sent) setText("");
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      void send();
    }
  };

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label className="visually-hidden" htmlFor="question">Your question</label>
      <textarea
        id="question"
        ref={field}
        rows={1}
        value={text}
        placeholder={placeholder}
        aria-describedby="question-help"
        aria-invalid={tooLong || undefined}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className="button primary send" disabled={!ready} aria-label="Ask">
        <Icon name="send" />
      </button>
      <p id="question-help" className={tooLong ? "composer-help bad-ink" : "composer-help"}>
        {tooLong
          ? `This is longer than ${LONGEST.toLocaleString("en")} characters. Shorten it to send it.`
          : busy
            ? "Another question waits its turn behind the running one"
            : "Enter sends, Shift + Enter starts a new line"}
      </p>
    </form>
  );
}
