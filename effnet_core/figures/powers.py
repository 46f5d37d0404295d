"""Numbers of any size as words."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_text(value: float, digits: int = 2) -> str:
    """Plain from 0.01 to 9999, else with a power of ten: `2.47`, `2.4 · 10⁻¹⁰`, `10⁻⁹` where `digits` is 1 and the first is a 1."""
    if value == 0 or not abs(value) < float("inf"):
        return "0" if value == 0 else "∞" if value > 0 else "−∞" if value < 0 else "not a number"
    if 0.01 <= abs(value) < 1e4:
        plain = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
        return plain.replace("-", "−")
    first, power = f"{value:.{digits - 1}e}".split("e")
    raised = f"10{str(int(power)).translate(RAISED)}"
    return raised if first == "1" else f"{first} · {raised}".replace("-", "−")
