#pragma warning disable IDE0130 // The compiler looks for these in the framework's namespaces; netstandard2.0 does not have them.

namespace System.Runtime.CompilerServices
{
    /// <summary>Lets records have init-only properties.</summary>
    internal static class IsExternalInit;
}

namespace System
{
    /// <summary>Lets list patterns and <c>^</c> count from the end.</summary>
    internal readonly struct Index(int value, bool fromEnd = false)
    {
        private readonly int _value = value;
        private readonly bool _fromEnd = fromEnd;

        public static implicit operator Index(int value) => new(value);

        public int GetOffset(int length) => _fromEnd ? length - _value : _value;
    }
}
