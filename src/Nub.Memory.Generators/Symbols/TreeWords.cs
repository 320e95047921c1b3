using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Nub.Memory.Generators.Symbols;

/// <summary>Which of the words that the rules look for a file has anywhere in its text: most have none, and to have the compiler bind what stands in them would take long.</summary>
[Flags]
internal enum TreeWords
{
    None = 0,

    /// <summary>An attribute that tells the rules about a member.</summary>
    Declarations = 1,

    /// <summary>A property that gives an address of a memory.</summary>
    Addresses = 2,

    /// <summary>The type of exclusive memory.</summary>
    Exclusive = 4,
}

/// <summary>Finds the words of files, once for each: for each file that is asked about the compiler makes another compilation of the same files.</summary>
internal static class TreeWordsExtensions
{
    private static readonly ConditionalWeakTable<SyntaxTree, StrongBox<TreeWords>> s_words = new();
    private static readonly ConditionalWeakTable<SyntaxTree[], StrongBox<TreeWords>> s_wordsOfAll = new();

    private static readonly (string Word, TreeWords Flag)[] s_table =
    [
        ("GuestValue", TreeWords.Declarations),
        ("SharedRead", TreeWords.Declarations),
        ("BaseAddress", TreeWords.Addresses),
        ("RawAddress", TreeWords.Addresses),
        ("ExclusiveSharedMemory", TreeWords.Exclusive),
    ];

    /// <summary>Whether any part of a declaration stands in a file with a word.</summary>
    public static bool Mentions(this ISymbol symbol, TreeWords word)
    {
        foreach (SyntaxReference declared in symbol.DeclaringSyntaxReferences)
        {
            if (declared.SyntaxTree.Mentions(word))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a file has a word.</summary>
    public static bool Mentions(this SyntaxTree tree, TreeWords word) => (s_words.GetValue(tree, static one => new(Find(one))).Value & word) != 0;

    /// <summary>Whether any file of a compilation has a word.</summary>
    public static bool Mentions(this Compilation compilation, TreeWords word) => (s_wordsOfAll.GetValue(compilation.TreeArray(),
        static each => new(each.Aggregate(TreeWords.None, static (words, tree) => words | s_words.GetValue(tree, static one => new(Find(one))).Value))).Value & word) != 0;

    /// <summary>A compilation's files, as an object that is the same for compilations that differ in nothing but what is asked of them.</summary>
    public static SyntaxTree[] TreeArray(this Compilation compilation) => ImmutableCollectionsMarshal.AsArray(((CSharpCompilation)compilation).SyntaxTrees)!;

    private static TreeWords Find(SyntaxTree tree)
    {
        string text = tree.GetText().ToString();
        TreeWords words = TreeWords.None;
        foreach ((string word, TreeWords flag) in s_table)
        {
            words |= (words & flag) == 0 && text.IndexOf(word, StringComparison.Ordinal) >= 0 ? flag : TreeWords.None;
        }

        return words;
    }
}
