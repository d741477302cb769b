// Titan's console: makes pages nicer that work without it. No library; runs from <script defer> or without defer.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("js");

  // Theme: "light", "dark", or nothing for that of the system.
  const stored = () => { try { return localStorage.getItem("titan-theme") || ""; } catch { return ""; } };
  const show = (theme) => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    for (const button of all("[data-set-theme]")) button.setAttribute("aria-pressed", String(button.dataset.setTheme === theme));
  };
  show(stored());
  addEventListener("storage", (event) => { if (event.key === "titan-theme") show(stored()); });

  // What is said to screen readers.
  const say = (text) => { const live = document.getElementById("live"); if (live) live.textContent = text; };

  // Copying. data-copy="#id": its value, its data-full, or its text.
  let secretTaken = false;
  const text = (source) => source.value ?? source.dataset.full ?? source.textContent.trim();
  const write = async (source) => {
    try { await navigator.clipboard.writeText(text(source)); return true; } catch { /* no permission, or no TLS */ }
    if (source.select) source.select(); else getSelection().selectAllChildren(source);
    return !source.dataset.full && document.execCommand("copy");
  };
  const copy = async (button) => {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const copied = await write(source);
    if (copied && button.closest("[data-secret]")) secretTaken = true;
    say(copied ? "Copied" : "Copying did not work. Select the text and copy it.");
    if (!copied) return;
    button.classList.add("copied");
    const label = button.querySelector("[data-label-copied]");
    const before = label?.textContent;
    if (label) label.textContent = label.dataset.labelCopied;
    setTimeout(() => { button.classList.remove("copied"); if (label) label.textContent = before; }, 1600);
  };

  // Scope picker: .scopes > [data-filter], fieldset.scope-group, [data-all], [data-count], [data-none]
  const boxes = (from) => all("input[type=checkbox]", from).filter((box) => !box.closest("[hidden]") && !box.disabled);
  const count = (picker) => {
    const chosen = all("input[type=checkbox]:checked", picker).length;
    for (const out of all("[data-count]", picker)) out.textContent = `${chosen} selected`;
    for (const button of all("[data-all]", picker)) {
      const group = boxes(button.closest("fieldset"));
      button.firstChild.data = group.length && group.every((box) => box.checked) ? "None" : "All";
    }
  };
  const filter = (field) => {
    const picker = document.querySelector(field.dataset.filter);
    if (!picker) return;
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of all("fieldset", picker)) {
      let shown = 0;
      for (const label of all("label", group)) {
        const hit = words.every((word) => label.textContent.toLowerCase().includes(word));
        label.hidden = !hit;
        shown += hit;
      }
      group.hidden = shown === 0;
      found += shown;
    }
    for (const none of all("[data-none]", picker)) none.hidden = found > 0;
    count(picker);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button, a");
    if (!button) return;
    const data = button.dataset;
    if (data.copy) copy(button);
    if (data.setTheme !== undefined) {
      try { if (data.setTheme) localStorage.setItem("titan-theme", data.setTheme); else localStorage.removeItem("titan-theme"); } catch { /* private mode */ }
      show(data.setTheme);
    }
    if (data.all !== undefined) {
      const group = boxes(button.closest("fieldset"));
      const on = !group.every((box) => box.checked);
      for (const box of group) box.checked = on;
      count(button.closest(".scopes"));
    }
    if (data.set) {
      const field = document.querySelector(data.set);
      if (field) { field.value = data.value; field.focus(); }
    }
  });
  document.addEventListener("input", (event) => { if (event.target.dataset.filter) filter(event.target); });
  document.addEventListener("change", (event) => { const picker = event.target.closest(".scopes"); if (picker) count(picker); });
  // Enter in the filter must not send the form around it.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.dataset?.filter) event.preventDefault();
    if (event.key === "Escape") for (const menu of all("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  // [data-confirm] on a form: asks before it is sent.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
    if (question && !confirm(question)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    // A double click sends a form once.
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault(); else event.target.dataset.sent = "true";
  }, true);
  addEventListener("pageshow", () => { for (const form of all("form[data-sent]")) delete form.dataset.sent; });
  // A page that shows a secret once: [data-secret], done with when it was copied or [data-secret-kept] is checked.
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("[data-secret]") && !secretTaken && !document.querySelector("[data-secret-kept]:checked")) event.preventDefault();
  });

  const start = () => {
    show(stored());
    all(".scopes").forEach(count);
    all("[data-filter]").forEach((field) => { if (field.value) filter(field); });
    document.querySelector(".alert.error[role=alert][tabindex]")?.focus();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
