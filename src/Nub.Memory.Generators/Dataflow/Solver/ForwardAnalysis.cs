using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Dataflow.Solver;

/// <summary>
/// What a data flow analysis is: what it knows at a point, how an operation changes that, and what is left of it where two ways
/// meet. To be used with <see cref="ForwardSolver"/>.
/// </summary>
/// <remarks>
/// States are values: <see cref="Transfer"/> and <see cref="Refine"/> return a new one, or the one they were given when nothing
/// changes. For the solver to end, <see cref="Join"/> has to climb: from one state to the next only finitely many times.
/// What is seen on the way is to be reported where <see cref="IsFinal"/> says so, which is once in each node.
/// </remarks>
/// <typeparam name="TState">What is known at a point of the program.</typeparam>
internal abstract class ForwardAnalysis<TState>
    where TState : class
{
    /// <summary>Whether the state that <see cref="Transfer"/> is given is what finally holds there: no other will come.</summary>
    public bool IsFinal { get; set; }

    /// <summary>What holds at the start of a node on all of the ways to it that were seen.</summary>
    /// <param name="node">The node.</param>
    /// <param name="known">What was found so far.</param>
    /// <param name="incoming">What comes over another edge, or over the same one again.</param>
    /// <returns><paramref name="known"/> itself when it covers what comes in, which ends the search there.</returns>
    public abstract TState Join(FlowNode node, TState known, TState incoming);

    /// <summary>What holds after an operation of a block. Operations come as the block has them: whole expressions, whose parts are the analysis's to go through.</summary>
    /// <returns>Null when control does not go on from there: the operation always throws.</returns>
    public abstract TState? Transfer(FlowNode node, IOperation operation, TState state);

    /// <summary>What the value of a node's condition adds on one of the two ways.</summary>
    /// <returns>Null when the condition is known to have the other value.</returns>
    public virtual TState? Refine(FlowNode node, IOperation condition, bool value, TState state) => state;

    /// <summary>What comes over an edge: the place to rename or forget what does not outlive an iteration of a loop.</summary>
    public virtual TState Pass(FlowNode from, FlowNode to, TState state) => state;
}
