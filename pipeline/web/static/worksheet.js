// The print button of a worksheet.
document.getElementById("print")?.addEventListener("click", () => window.print());
