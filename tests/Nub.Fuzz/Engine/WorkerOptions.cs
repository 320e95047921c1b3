namespace Nub.Fuzz.Engine;

/// <summary>What a <see cref="Worker"/> is told by the process that started it.</summary>
/// <param name="CorpusPath">The inputs to begin with.</param>
/// <param name="CurrentPath">The file of the input that runs now.</param>
/// <param name="FailurePath">Where an input that failed is written.</param>
/// <param name="KeepPath">Where a minimized corpus is written at the end, if it is.</param>
/// <param name="Time">How long it goes on.</param>
/// <param name="Seed">Of the random numbers.</param>
internal sealed record WorkerOptions(string CorpusPath, string CurrentPath, string FailurePath, string? KeepPath, TimeSpan Time, int Seed);
