import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Root } from "./pages/Root";
import { AppContext, createApp } from "./state/app";
import { applyTheme } from "./state/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/conversation.css";
import "./styles/pages.css";

const app = createApp();
applyTheme(app.theme.get());
void app.session.restore();

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <AppContext value={app}>
      <Root />
    </AppContext>
  </StrictMode>,
);
