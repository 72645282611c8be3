// What a page shows may stand behind the # of its address: it stays when the language changes.

for (const link of document.querySelectorAll(".languages a")) {
  link.addEventListener("click", () => {
    link.hash = location.hash;
  });
}
