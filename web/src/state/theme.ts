import { Store } from "./store";

export type Theme = "system" | "light" | "dark";

const KEY = "netra.theme";

const stored = (): Theme => {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
};

export const createTheme = (): Store<Theme> => new Store(stored());

/** Without a choice the page follows the system; a choice is a `data-theme` on the root. */
export function applyTheme(theme: Theme): void {
  if (theme === "system") {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset.theme = theme;
  }
}
