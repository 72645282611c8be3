// Long lists of communities and grids: what is typed leaves those that hold it, and what is ticked stays in sight.

for (const input of document.querySelectorAll(".filter")) {
  input.addEventListener("input", () => {
    const word = input.value.trim().toLowerCase();
    for (const label of input.parentElement.querySelectorAll(".choices .choice")) {
      label.hidden = !label.querySelector("input").checked && !label.textContent.toLowerCase().includes(word);
    }
  });
  // The enter key looks for a name here; it does not make the account.
  input.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
}
