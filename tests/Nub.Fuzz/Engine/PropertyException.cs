namespace Nub.Fuzz.Engine;

/// <summary>What the code under test did is not what it is to do.</summary>
internal sealed class PropertyException(string what) : Exception(what);
