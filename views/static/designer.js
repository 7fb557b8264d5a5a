// The tariff designer: a slider moves the price beside it and the other way round. What a price makes of bills is the
// server's: the form asks it by htmx whenever a price changes.
(() => {
  for (const slider of document.querySelectorAll('input[type=range][data-price]')) {
    const price = document.getElementById(slider.dataset.price);
    if (!price) continue;
    slider.hidden = false;
    slider.addEventListener('input', () => { price.value = slider.value; });
    price.addEventListener('input', () => {
      const value = Number(price.value);
      if (value > Number(slider.max)) slider.max = String(value * 2);
      slider.value = price.value;
    });
  }
})();
