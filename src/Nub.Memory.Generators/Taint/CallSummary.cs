using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Solver;

namespace Nub.Memory.Generators.Taint;

/// <summary>What came of following a helper at one of its calls.</summary>
/// <param name="Entry">What was known when it was called.</param>
/// <param name="Result">What holds in it; null when that was not found out.</param>
/// <param name="Compared">What it compares with something.</param>
/// <param name="ComparedWithZero">What it compares with 0 only.</param>
internal sealed record CallSummary(FlowState Entry, bool IsAsserting, ValueAnalysis Analysis, FlowResult<FlowState>? Result, HashSet<Term> Compared, HashSet<Term> ComparedWithZero);
