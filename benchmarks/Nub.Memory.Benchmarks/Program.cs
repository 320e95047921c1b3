using BenchmarkDotNet.Running;
using Nub.Memory.Benchmarks;

// `-- --peers` measures Nub beside its peers in a few minutes and says which limits hold; `--peers scalar,view` only those
// groups; `--plot FILE` writes the figures as a picture too. Anything else goes to BenchmarkDotNet, for depth.
if (!args.Contains("--peers"))
{
    BenchmarkSwitcher.FromAssembly(typeof(PeerRun).Assembly).Run(args);
    return 0;
}

return PeerRun.Run(
    groups: After("--peers") is { } wanted && !wanted.StartsWith('-') ? wanted.Split(',') : [],
    plot: After("--plot"));

string? After(string option)
{
    int at = Array.IndexOf(args, option);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
