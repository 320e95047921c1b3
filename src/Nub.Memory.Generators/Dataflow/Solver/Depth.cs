namespace Nub.Memory.Generators.Dataflow.Solver;

/// <summary>Expressions that are too deep to be gone through. The compiler, which goes through them by calling itself as well, bears those that few others do.</summary>
internal static class Depth
{
    /// <summary>
    /// Does something that asks for room on the stack before each call of itself, and ends early where there is none left: no answer
    /// is given for such a method. Without that the stack would overflow, and the process of the compiler or editor end.
    /// </summary>
    /// <returns>Whether it came to its end.</returns>
    public static bool Run(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (InsufficientExecutionStackException)
        {
            return false;
        }
    }
}
