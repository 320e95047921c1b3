using System.Text;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes indented C#, a line at a time.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;
    private bool _fresh = true;

    public void Line(string line)
    {
        _fresh = false;
        _text.Append(' ', line.Length == 0 ? 0 : 4 * _depth).Append(line).Append('\n');
    }

    public void Lines(params string[] lines)
    {
        foreach (string line in lines)
        {
            Line(line);
        }
    }

    /// <summary>Separates a member from the one before it; the first in a block needs no separation.</summary>
    public void Separate()
    {
        if (!_fresh)
        {
            _text.Append('\n');
        }
    }

    public void Summary(string text) => Line($"/// <summary>{text}</summary>");

    /// <summary>A property of one line, with its comment.</summary>
    public void Property(string summary, string declaration)
    {
        Separate();
        Summary(summary);
        Line(declaration);
    }

    /// <summary>A method that gives a value where a condition holds, <c>default</c> where not, and says which.</summary>
    /// <param name="declaration">The method, whose <see langword="out"/> parameter is called <c>value</c>.</param>
    /// <param name="condition">When there is a value.</param>
    /// <param name="value">The value; evaluated only where there is one.</param>
    /// <param name="before">What both are made of.</param>
    public void ValueIf(string declaration, string condition, string value, params string[] before)
    {
        Open(declaration);
        Lines(before);
        Line($"bool isThere = {condition};");
        Line($"value = isThere ? {value} : default;");
        Line("return isThere;");
        Close();
    }

    public void Open(string line)
    {
        Line(line);
        Line("{");
        _depth++;
        _fresh = true;
    }

    public void Close()
    {
        _depth--;
        Line("}");
    }

    public override string ToString() => _text.ToString();
}
