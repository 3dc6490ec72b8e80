"""Quantities and their units: the semantic types of DTDL v2 and of the extension quantitativeTypes.

The sets only grow: extension 1 (for DTDL v3) holds all of DTDL v2, extension 2 (for v4) the same as 1,
extension 3 more. Each block lists what it adds, as `unit family: members`.
"""

from collections.abc import Mapping

_QUANTITIES_V2 = """
AccelerationUnit: Acceleration
AngleUnit: Angle Latitude Longitude
AngularAccelerationUnit: AngularAcceleration
AngularVelocityUnit: AngularVelocity
AreaUnit: Area
CapacitanceUnit: Capacitance
ChargeUnit: ElectricCharge
CurrentUnit: Current
DataRateUnit: DataRate
DataSizeUnit: DataSize
DensityUnit: Density Humidity
EnergyUnit: Energy
ForceUnit: Force Thrust
FrequencyUnit: Frequency
IlluminanceUnit: Illuminance
InductanceUnit: Inductance
LengthUnit: Distance Length
LuminanceUnit: Luminance
LuminousFluxUnit: LuminousFlux
LuminousIntensityUnit: LuminousIntensity
MagneticFluxUnit: MagneticFlux
MagneticInductionUnit: MagneticInduction
MassFlowRateUnit: MassFlowRate
MassUnit: Mass
PowerUnit: Luminosity Power
PressureUnit: Pressure
ResistanceUnit: Resistance
SoundPressureUnit: SoundPressure
TemperatureUnit: Temperature
TimeUnit: TimeSpan
TorqueUnit: Torque
Unitless: RelativeHumidity
VelocityUnit: Velocity
VoltageUnit: Voltage
VolumeFlowRateUnit: VolumeFlowRate
VolumeUnit: Volume
"""

_QUANTITIES_EXTENSION_1 = """
ApparentEnergyUnit: ApparentEnergy
ApparentPowerUnit: ApparentPower
IonizingRadiationDoseUnit: IonizingRadiationDose
IrradianceUnit: Irradiance
PowerUnit: EnergyRate
RadioactivityUnit: Radioactivity
ReactiveEnergyUnit: ReactiveEnergy
ReactivePowerUnit: ReactivePower
Unitless: Concentration RelativeDensity
"""

_QUANTITIES_EXTENSION_3 = """
DynamicViscosityUnit: DynamicViscosity
GasLeakageRateUnit: GasLeakageRate
KinematicViscosityUnit: KinematicViscosity
ReciprocalLengthUnit: ReciprocalLength
ReciprocalTimeUnit: ReciprocalTime
Unitless: Efficiency RelativeMeasure Scale Throttle
"""

_UNITS_V2 = """
AccelerationUnit: centimetrePerSecondSquared gForce metrePerSecondSquared
AngleUnit: degreeOfArc minuteOfArc radian secondOfArc turn
AngularAccelerationUnit: radianPerSecondSquared
AngularVelocityUnit: degreePerSecond radianPerSecond revolutionPerMinute revolutionPerSecond
AreaUnit: acre hectare squareCentimetre squareFoot squareInch squareKilometre squareMetre
    squareMillimetre
CapacitanceUnit: farad microfarad millifarad nanofarad picofarad
ChargeUnit: coulomb
CurrentUnit: ampere microampere milliampere
DataRateUnit: bitPerSecond bytePerSecond exbibitPerSecond exbibytePerSecond gibibitPerSecond
    gibibytePerSecond kibibitPerSecond kibibytePerSecond mebibitPerSecond mebibytePerSecond
    tebibitPerSecond tebibytePerSecond yobibitPerSecond yobibytePerSecond zebibitPerSecond
    zebibytePerSecond
DataSizeUnit: bit byte exbibit exbibyte gibibit gibibyte kibibit kibibyte mebibit mebibyte tebibit
    tebibyte yobibit yobibyte zebibit zebibyte
DensityUnit: gramPerCubicMetre kilogramPerCubicMetre
EnergyUnit: electronvolt gigajoule joule kilojoule kilowattHour megaelectronvolt megajoule
ForceUnit: newton ounce pound ton
FrequencyUnit: gigahertz hertz kilohertz megahertz
IlluminanceUnit: footcandle lux
InductanceUnit: henry microhenry millihenry
LengthUnit: astronomicalUnit centimetre foot inch kilometre metre micrometre mile millimetre
    nanometre nauticalMile
LuminanceUnit: candelaPerSquareMetre
LuminousFluxUnit: lumen
LuminousIntensityUnit: candela
MagneticFluxUnit: maxwell weber
MagneticInductionUnit: tesla
MassFlowRateUnit: gramPerHour gramPerSecond kilogramPerHour kilogramPerSecond
MassUnit: gram kilogram microgram milligram slug tonne
PowerUnit: gigawatt horsepower kilowatt kilowattHourPerYear megawatt microwatt milliwatt watt
PressureUnit: bar inchesOfMercury inchesOfWater kilopascal millibar millimetresOfMercury pascal
    poundPerSquareInch
ResistanceUnit: kiloohm megaohm milliohm ohm
SoundPressureUnit: bel decibel
TemperatureUnit: degreeCelsius degreeFahrenheit kelvin
TimeUnit: day hour microsecond millisecond minute nanosecond second year
TorqueUnit: newtonMetre
Unitless: percent unity
VelocityUnit: centimetrePerSecond kilometrePerHour kilometrePerSecond knot metrePerHour
    metrePerSecond milePerHour milePerSecond
VoltageUnit: kilovolt megavolt microvolt millivolt volt
VolumeFlowRateUnit: litrePerHour litrePerSecond millilitrePerHour millilitrePerSecond
VolumeUnit: cubicCentimetre cubicFoot cubicInch cubicMetre fluidOunce gallon litre millilitre
"""

_UNITS_EXTENSION_1 = """
ApparentEnergyUnit: gigavoltAmpereHour kilovoltAmpereHour megavoltAmpereHour voltAmpereHour
ApparentPowerUnit: gigavoltAmpere kilovoltAmpere megavoltAmpere millivoltAmpere voltAmpere
ChargeUnit: ampereHour milliampereHour
CurrentUnit: kiloampere
DensityUnit: microgramPerCubicMetre milligramPerCubicMetre
EnergyUnit: britishThermalUnit gigawattHour kiloBritishThermalUnit megawattHour milliwattHour
    terawattHour wattHour
FrequencyUnit: millihertz
IonizingRadiationDoseUnit: gray microgray microsievert milligray millisievert sievert
IrradianceUnit: wattPerSquareMetre
MagneticInductionUnit: gauss
MassFlowRateUnit: massPoundPerHour
MassUnit: massPound
PowerUnit: britishThermalUnitPerHour gigajoulePerHour joulePerHour joulePerSecond
    kiloBritishThermalUnitPerHour kilojoulePerHour kilojoulePerSecond megajoulePerHour
    tonOfRefrigeration
PressureUnit: decapascal hectopascal
RadioactivityUnit: becquerel gigabecquerel kilobecquerel megabecquerel
ReactiveEnergyUnit: gigavoltAmpereReactiveHour kilovoltAmpereReactiveHour megavoltAmpereReactiveHour
    voltAmpereReactiveHour
ReactivePowerUnit: gigavoltAmpereReactive kilovoltAmpereReactive megavoltAmpereReactive
    millivoltAmpereReactive voltAmpereReactive
Unitless: partsPerBillion partsPerMillion partsPerQuadrillion partsPerTrillion
VolumeFlowRateUnit: cubicFootPerMinute cubicMetrePerHour cubicMetrePerMinute cubicMetrePerSecond
    gallonPerHour gallonPerMinute litrePerMinute millilitrePerMinute
"""

_UNITS_EXTENSION_3 = """
AccelerationUnit: kilometrePerSecondSquared millimetrePerSecondSquared
ApparentEnergyUnit: millivoltAmpereHour
CurrentUnit: nanoampere picoampere
DynamicViscosityUnit: centipoise millipascalSecond millipoise pascalSecond poise
GasLeakageRateUnit: decapascalCubicMetrePerSecond hectopascalCubicMetrePerSecond
    kilopascalCubicMetrePerSecond pascalCubicMetrePerSecond
KinematicViscosityUnit: centistokes squareMetrePerSecond stokes
ReciprocalLengthUnit: reciprocalCentimetre reciprocalKilometre reciprocalMetre reciprocalMicrometre
    reciprocalMillimetre reciprocalNanometre
ReciprocalTimeUnit: reciprocalMinute reciprocalSecond
VelocityUnit: millimetrePerSecond
VolumeFlowRateUnit: cubicCentimetrePerMinute cubicCentimetrePerSecond
"""

PREFIXES = {
    "BinaryPrefix": ("exbi", "gibi", "kibi", "mebi", "pebi", "tebi", "yobi", "zebi"),
    "DecimalPrefix": (
        *("atto", "centi", "deca", "deci", "exa", "femto", "giga", "hecto", "kilo", "mega", "micro"),
        *("milli", "nano", "peta", "pico", "tera", "yocto", "yotta", "zepto", "zetta"),
    ),
}
"""Unit prefixes by family, in every version."""


def _table(*blocks: str) -> dict[str, tuple[str, ...]]:
    """Unite blocks of `family: member member …`; an indented line continues the one before it."""
    table: dict[str, tuple[str, ...]] = {}
    for line in "\n".join(blocks).replace("\n    ", " ").splitlines():
        family, _, members = line.partition(":")
        if members:
            table[family] = table.get(family, ()) + tuple(members.split())
    return table


def _quantities(*blocks: str) -> dict[str, str]:
    return {quantity: family for family, members in _table(*blocks).items() for quantity in members}


CONTEXT_V2 = "dtmi:dtdl:context;2"
EXTENSION = "dtmi:dtdl:extension:quantitativeTypes"

QUANTITIES: Mapping[str, Mapping[str, str]] = {
    CONTEXT_V2: _quantities(_QUANTITIES_V2),
    f"{EXTENSION};1": _quantities(_QUANTITIES_V2, _QUANTITIES_EXTENSION_1),
    f"{EXTENSION};2": _quantities(_QUANTITIES_V2, _QUANTITIES_EXTENSION_1),
    f"{EXTENSION};3": _quantities(_QUANTITIES_V2, _QUANTITIES_EXTENSION_1, _QUANTITIES_EXTENSION_3),
}
"""Context → quantity → the family of its units."""

UNITS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    CONTEXT_V2: _table(_UNITS_V2),
    f"{EXTENSION};1": _table(_UNITS_V2, _UNITS_EXTENSION_1),
    f"{EXTENSION};2": _table(_UNITS_V2, _UNITS_EXTENSION_1),
    f"{EXTENSION};3": _table(_UNITS_V2, _UNITS_EXTENSION_1, _UNITS_EXTENSION_3),
}
"""Context → family → its units."""
