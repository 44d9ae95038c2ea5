// Copies a text, and says so on the button that was pressed.

export const open = (page, button) => copyText(button, page.code);

export async function copyText(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch {
    window.prompt("Copy:", text); // no clipboard outside https and localhost
  }
  setTimeout(() => (button.textContent = label), 1200);
}
